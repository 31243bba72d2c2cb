"""From facts of a room's timeline to what can be found of it. Pure: facts in, documents out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from server.features.search.documents import Document, Key
from server.records.projection import Entry


class _Kind(Struct):
    k: str


class _Product(Struct):
    sku: str
    title: str
    price: int | None = None
    currency: str = ""
    image: str | None = None
    points: list[str] = []
    flaws: list[str] = []


class _Question(Struct):
    question: str
    text: str
    status: str
    sku: str = ""
    answer: str = ""


class ShelfChange(Struct, tag_field="k", tag="shelf"):
    """A product was put on the shelf, or taken off."""

    at: int
    put: _Product | None = None
    remove: str = ""


class PinChange(Struct, tag_field="k", tag="pin"):
    """A product was shown, or no product."""

    at: int
    sku: str = ""
    title: str = ""
    price: int | None = None
    currency: str = ""


class QuestionChange(Struct, tag_field="k", tag="question"):
    """A question was taken, answered, put back or dropped."""

    at: int
    question: _Question


class PhaseChange(Struct, tag_field="k", tag="phase"):
    """The stream began or ended."""

    at: int
    phase: str


Change = ShelfChange | PinChange | QuestionChange | PhaseChange

_KINDS = frozenset({"shelf", "pin", "question", "phase"})
_KIND = msgspec.msgpack.Decoder(_Kind)
_CHANGE: msgspec.msgpack.Decoder[Change] = msgspec.msgpack.Decoder(Change)


class Stream(NamedTuple):
    """The span of a room's stream, in Unix ms; 0: not yet."""

    started: int
    ended: int

    def second(self, at: int) -> int | None:
        """The place in the replay of what happened at a time; None outside of the stream."""
        if not self.started or at < self.started or (self.ended and at > self.ended):
            return None
        return (at - self.started) // 1000


def changes_of(entries: Sequence[Entry]) -> list[Change]:
    """Return the facts that change what can be found. All others, most of a timeline, are only
    looked at for their kind; one that can't be read is left out."""
    changes: list[Change] = []
    for entry in entries:
        try:
            if _KIND.decode(entry.body).k in _KINDS:
                changes.append(_CHANGE.decode(entry.body))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return changes


def skus_asked_about(changes: Sequence[Change]) -> set[str]:
    """Return the skus of the products that answers in these facts are about."""
    return {
        change.question.sku
        for change in changes
        if isinstance(change, QuestionChange) and change.question.sku
    }


class Folding:
    """Folds facts one after the other. `titles` are the products on the shelf before."""

    def __init__(self, stream: Stream, titles: Mapping[str, str]) -> None:
        self.stream = stream
        self.documents: dict[Key, Document | None] = {}
        """The newest of each that changed; None if it can't be found any more."""
        self._titles = dict(titles)
        self._folds: dict[type[Change], Callable[[Any], None]] = {
            ShelfChange: self._shelf,
            PinChange: self._pin,
            QuestionChange: self._question,
            PhaseChange: self._phase,
        }

    def fold(self, changes: Sequence[Change]) -> None:
        """Fold the next facts."""
        for change in changes:
            self._folds[type(change)](change)

    def _phase(self, change: PhaseChange) -> None:
        if change.phase == "live":
            self.stream = self.stream._replace(started=change.at)
        elif change.phase == "ended":
            self.stream = self.stream._replace(ended=change.at)

    def _shelf(self, change: ShelfChange) -> None:
        if change.remove:
            self.documents["goods", change.remove] = None
            self._titles.pop(change.remove, None)
        if change.put is None:
            return
        product = change.put
        self._titles[product.sku] = product.title
        self._put(
            Document(
                "goods",
                product.sku,
                product.title,
                change.at,
                text=" · ".join((*product.points, *product.flaws)),
                context=product.sku,
                sku=product.sku,
                price=product.price,
                currency=product.currency,
                image=product.image or "",
            )
        )

    def _pin(self, change: PinChange) -> None:
        second = self.stream.second(change.at)
        if change.sku and second is not None:
            self._put(
                Document(
                    "moment",
                    f"{change.sku}@{change.at}",
                    change.title or change.sku,
                    change.at,
                    sku=change.sku,
                    price=change.price,
                    currency=change.currency,
                    second=second,
                )
            )

    def _question(self, change: QuestionChange) -> None:
        question = change.question
        # A question without words was asked longer ago than questions are kept.
        if question.status != "answered" or not question.answer or not question.text:
            self.documents["answer", question.question] = None
            return
        self._put(
            Document(
                "answer",
                question.question,
                question.text,
                change.at,
                text=question.answer,
                context=self._titles.get(question.sku, ""),
                sku=question.sku,
                second=self.stream.second(change.at),
            )
        )

    def _put(self, document: Document) -> None:
        self.documents[document.key] = document
