"""The facts that the timeline keeps about asks and questions, and what they add up to."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from msgspec import Struct

from server.features.asks.messages import Question
from server.features.shelf.facts import Pinned, ShelfTally
from server.rooms.facts import Fact
from server.rooms.retelling import Entries, Retell, Retelling
from server.rooms.tally import Take, Tallies, Tally

MINUTE_MS = 60_000


class CountedAsk(Struct, frozen=True):
    """One ask that counted. `by`: its product was found by number, words, the pin or a sku (empty:
    of no product). `pinned`: the sku that was pinned."""

    user: str
    sku: str
    by: Literal["number", "words", "pin", "sku", ""]
    pinned: str


class AsksFact(Fact, tag="asks", frozen=True, kw_only=True):
    """These users asked for a link and counted. `by`: their product was found by number, words, the
    pin or a sku; `pinned`: the sku that was pinned."""

    asks: list[CountedAsk]


class QueuedFact(Fact, tag="queued", frozen=True, kw_only=True):
    """A question came into the queue."""

    question: Question


class QuestionFact(Fact, tag="question", frozen=True, kw_only=True):
    """A question was taken, put back, answered or dropped."""

    shown: ClassVar[tuple[str, ...]] = ("question",)

    question: Question


class _Asked(NamedTuple):
    """The last fact of a question."""

    status: str
    asked: int
    sku: str


class AskedProduct:
    """Who asked for the link of one sku."""

    __slots__ = ("asks", "first_asked", "unpinned")

    def __init__(self) -> None:
        self.asks = self.unpinned = 0
        self.first_asked: dict[str, int] = {}


class AskTally(Tally):
    """Who asked for what, when, and what was pinned meanwhile; and the newest of each question."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._room, self._shelf = room, room.tally(ShelfTally)
        self.asks = 0
        self.first_asked: dict[str, int] = {}
        self.products: dict[str, AskedProduct] = {}
        self.asks_at: dict[int, int] = {}
        """Start of a minute -> asks in it."""
        self.of_pin: dict[Pinned, int] = {}
        """Asks for a product while it was pinned in the stream."""
        self._questions: dict[str, _Asked] = {}

    def facts(self) -> Mapping[type[Fact], Take]:
        return {AsksFact: self._ask, QueuedFact: self._question, QuestionFact: self._question}

    def questions(self) -> list[_Asked]:
        """All questions but those that were dropped."""
        return [asked for asked in self._questions.values() if asked.status != "dropped"]

    def _ask(self, fact: dict[str, Any]) -> None:
        """A pin begins with the stream: what is asked before counts for no pin."""
        at, asks = fact["at"], fact["asks"]
        pinned, started = self._shelf.pinned, self._room.started_ms is not None
        minute = at - at % MINUTE_MS
        self.asks_at[minute] = self.asks_at.get(minute, 0) + len(asks)
        self.asks += len(asks)
        for ask in asks:
            user, sku = ask["user"], ask["sku"]
            self.first_asked.setdefault(user, at)
            if not sku:
                continue
            product = self.products.get(sku)
            if product is None:
                product = self.products[sku] = AskedProduct()
            product.asks += 1
            product.first_asked.setdefault(user, at)
            if sku != pinned.sku:
                product.unpinned += 1
            elif started:
                self.of_pin[pinned] = self.of_pin.get(pinned, 0) + 1

    def _question(self, fact: dict[str, Any]) -> None:
        """The newest state of a question counts."""
        question = fact["question"]
        self._questions[question["question"]] = _Asked(
            question["status"], question["asked"], question.get("sku", "")
        )


class QuestionRetelling(Retelling):
    """The room is shown a question from when it is taken; not those that wait or were dropped."""

    def __init__(self, entries: Entries) -> None:
        super().__init__(entries)
        self._answering = ""

    def facts(self) -> Mapping[type[Fact], Retell]:
        return {QuestionFact: self._question}

    def _question(self, place: str, fact: dict[str, Any]) -> None:
        id_, status = fact["question"]["question"], fact["question"]["status"]
        was_shown = self._answering == id_
        if status == "dropped":
            self.entries.drop_entries(
                lambda e: e.question is not None and e.question.question == id_
            )
        elif status != "open" or was_shown:
            self.entries.add_entry(place, fact)
        if status == "answering":
            self._answering = id_
        elif was_shown:
            self._answering = ""
