"""The facts that the timeline keeps about the shelf and the pin; the pins, one after the other."""

from collections.abc import Mapping
from typing import Any, ClassVar

from server.features.shelf.messages import Product
from server.rooms.facts import Fact
from server.rooms.tally import Span, Take, Tallies, Tally


class ShelfFact(Fact, tag="shelf", frozen=True, kw_only=True):
    """The shelf changed: a product was `put` there, or the one with the sku `remove` taken off."""

    shown: ClassVar[tuple[str, ...]] = ("put", "remove")

    put: Product | None = None
    remove: str = ""


class ShelfMoveFact(Fact, tag="shelf_move", frozen=True, kw_only=True):
    """A product was put before another one; an empty `before`: at the end."""

    shown: ClassVar[tuple[str, ...]] = ("sku", "before")

    sku: str
    before: str = ""


class PinFact(Fact, tag="pin", frozen=True, kw_only=True):
    """This product was pinned, as it was at that moment; an empty `sku`: unpinned. The same pin
    again is no fact."""

    shown: ClassVar[tuple[str, ...]] = ("sku", "title", "price", "currency")

    sku: str
    title: str = ""
    price: int = 0
    currency: str = ""


class Pinned:
    """One pin."""

    __slots__ = ("from_ms", "sku")

    def __init__(self, sku: str, from_ms: int) -> None:
        self.sku = sku
        """Empty: nothing was pinned."""
        self.from_ms = from_ms


class ShelfTally(Tally):
    """All pins, one after the other; the newest title of each product, and what it replaces."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self.pins = [Pinned("", 0)]
        """The first is nothing."""
        self.titles: dict[str, str] = {}
        self.replaces: dict[str, str] = {}
        """sku -> of which earlier one it is the newer version."""

    def facts(self) -> Mapping[type[Fact], Take]:
        return {ShelfFact: self._shelf, PinFact: self._pin}

    @property
    def pinned(self) -> Pinned:
        """What is pinned now."""
        return self.pins[-1]

    def pin(self, sku: str, at: int) -> None:
        """From now on this is pinned; empty: nothing."""
        if sku != self.pinned.sku:
            self.pins.append(Pinned(sku, at))

    def during(self, stream: Span | None) -> list[tuple[Pinned, Span]]:
        """The pins of the stream (None before it starts) and how much of it each had."""
        if stream is None:
            return []
        ends = [*(pinned.from_ms for pinned in self.pins[1:]), stream[1]]
        spans = [
            (pinned, (max(pinned.from_ms, stream[0]), min(end, stream[1])))
            for pinned, end in zip(self.pins, ends, strict=True)
            if pinned.sku
        ]
        return [(pinned, span) for pinned, span in spans if span[0] < span[1]]

    def _shelf(self, fact: dict[str, Any]) -> None:
        if "put" in fact:
            product = fact["put"]
            self.titles[product["sku"]] = product["title"]
            self.replaces[product["sku"]] = product.get("replaces", "")

    def _pin(self, fact: dict[str, Any]) -> None:
        sku = fact["sku"]
        if sku:
            self.titles[sku] = fact.get("title") or sku
        self.pin(sku, fact["at"])
