"""The audience's part of the fold: asks, questions, polls, draws, follows, reservations."""

from typing import Any, NamedTuple

from server.features.figures.reckoning.pins import Pinned
from server.features.figures.reckoning.sold import MINUTE_MS

Dict = dict[str, Any]


class _Asked(NamedTuple):
    """The last fact of a question."""

    status: str
    asked: int


class AskedProduct:
    """Who asked for the link of one sku."""

    __slots__ = ("asks", "first_asked", "unpinned")

    def __init__(self) -> None:
        self.asks = self.unpinned = 0
        self.first_asked: dict[str, int] = {}


class Talk:
    """What viewers said and chose, as the timeline has it."""

    def __init__(self) -> None:
        self.asks = 0
        self.first_asked: dict[str, int] = {}
        self.products: dict[str, AskedProduct] = {}
        self.asks_at: dict[int, int] = {}
        """Start of a minute -> asks in it."""
        self.questions: dict[str, _Asked] = {}
        self.votes: dict[str, int] = {}
        self.luckies: set[str] = set()
        self.followed: set[str] = set()
        self.reserved: set[str] = set()

    def ask(self, fact: Dict, pinned: Pinned, *, started: bool) -> None:
        """Add an `asks` fact that came while this was pinned; a pin begins with the stream."""
        at = fact["at"]
        minute = at - at % MINUTE_MS
        self.asks_at[minute] = self.asks_at.get(minute, 0) + len(fact["asks"])
        self.asks += len(fact["asks"])
        for ask in fact["asks"]:
            user, sku = ask["user"], ask["sku"]
            self.first_asked.setdefault(user, at)
            if not sku:
                continue
            product = self.products.setdefault(sku, AskedProduct())
            product.asks += 1
            product.first_asked.setdefault(user, at)
            if sku != pinned.sku:
                product.unpinned += 1
            elif started:
                pinned.asks += 1

    def question(self, fact: Dict) -> None:
        """Add a `queued` or `question` fact: its newest state counts."""
        question = fact["question"]
        asked = _Asked(question["status"], question["asked"])
        self.questions[question["question"]] = asked

    def poll(self, fact: Dict) -> None:
        """Add a `poll` fact: its newest state counts."""
        self.votes[fact["poll"]["poll"]] = sum(fact["poll"]["votes"])

    def lucky(self, fact: Dict) -> None:
        """Add a `lucky` fact."""
        self.luckies.add(fact["lucky"]["lucky"])

    def follow(self, fact: Dict) -> None:
        """Add a `follow` fact."""
        if fact["on"]:
            self.followed.add(fact["user"])

    def reserve(self, fact: Dict) -> None:
        """Add a `reserve` fact: the last one of a user counts."""
        (self.reserved.add if fact["on"] else self.reserved.discard)(fact["user"])

    def questions_asked(self) -> list[_Asked]:
        """All questions but those that were dropped."""
        return [asked for asked in self.questions.values() if asked.status != "dropped"]
