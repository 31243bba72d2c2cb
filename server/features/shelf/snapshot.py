"""The shelf and the pin in the copy of a room.

The copy has all products. A snapshot shows some of a long shelf, so that whoever joins a room of
2,000 products is sent no more than in one of 50.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from msgspec import Struct, msgpack

from server.features.shelf.messages import PinEvent, Product, ShelfEvent, ShelfMovedEvent
from server.features.stock.messages import Sale, SaleEvent
from server.protocol.message import Event
from server.rooms.part import Part
from server.text.folding import folded


class _Fields(Struct):
    pin: str = ""


class _Loaded(Struct):
    shelf: list[Product] = []


class _View(Struct):
    pin: str | None = None
    shelf: list[Product] = []
    shelf_total: int = 0


class ShelfPart(Part):
    """The products in their order, and the sku of the pinned one."""

    Fields, Loaded, View = _Fields, _Loaded, _View

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.products: dict[str, Product] = {product.sku: product for product in loaded.shelf}
        self._max: int = args["shown_max"]
        self._bytes_max: int = args["shown_bytes_max"]
        self._sizes = {product.sku: _size(product) for product in loaded.shelf}
        self._bytes = sum(self._sizes.values())
        self._folded: dict[str, str] = {}
        """sku -> the text in which a search looks, once one has looked."""
        self._selling: dict[str, str] = {}
        """sale -> its sku, of sales that are not closed."""
        for sale in loaded.sales:
            self._note_sale(sale)

    @property
    def pin(self) -> str:
        """The pinned sku; empty: none."""
        return str(self.fields.pin)

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            ShelfEvent: self._shelf,
            ShelfMovedEvent: self._move,
            PinEvent: self._pin,
            SaleEvent: self._sale,
        }

    def view(self) -> Mapping[str, Any]:
        shown = list(self.products.values()) if self._all_fit() else list(self._shown())
        total = len(self.products)
        return {
            "pin": self.fields.pin or None,
            "shelf": shown,
            "shelf_total": total if total > len(shown) else 0,
        }

    def found(self, words: Iterable[str]) -> list[Product]:
        """The products with all of these folded words in title or sku, in their order."""
        return [
            product
            for product in self.products.values()
            if all(word in self._text_of(product) for word in words)
        ]

    def _text_of(self, product: Product) -> str:
        known = self._folded.get(product.sku)
        if known is None:
            known = self._folded[product.sku] = folded(f"{product.title} {product.sku}")
        return known

    def _all_fit(self) -> bool:
        return len(self.products) <= self._max and self._bytes <= self._bytes_max

    def _shown(self) -> Iterator[Product]:
        """The first products of the shelf as far as there is room, with the pinned one and those on
        sale; of these, what does not stand among the first comes behind them."""
        named = (sku for sku in (self.pin, *self._selling.values()) if sku in self.products)
        wanted = dict.fromkeys(named)
        chosen: set[str] = set()
        bytes_left = self._bytes_max
        for sku in chain(wanted, self.products):
            if len(chosen) == self._max or (chosen and self._sizes[sku] > bytes_left):
                break
            if sku not in chosen:
                chosen.add(sku)
                bytes_left -= self._sizes[sku]
        first = [sku for sku in islice(self.products, 2 * self._max) if sku in chosen]
        for sku in chain(first, (sku for sku in wanted if sku in chosen - set(first))):
            yield self.products[sku]

    def _shelf(self, event: ShelfEvent) -> None:
        for sku in (event.remove, event.put.sku if event.put is not None else None):
            if sku is not None:
                self._bytes -= self._sizes.pop(sku, 0)
                self._folded.pop(sku, None)
        if event.put is not None:
            self.products[event.put.sku] = event.put
            self._sizes[event.put.sku] = size = _size(event.put)
            self._bytes += size
        if event.remove is not None:
            self.products.pop(event.remove, None)

    def _move(self, event: ShelfMovedEvent) -> None:
        self.products = moved_before(self.products, event.sku, event.before)

    def _pin(self, event: PinEvent) -> None:
        self.fields.pin = event.sku or ""

    def _sale(self, event: SaleEvent) -> None:
        self._note_sale(event.sale)

    def _note_sale(self, sale: Sale) -> None:
        if sale.status == "closed":
            self._selling.pop(sale.sale, None)
        else:
            self._selling[sale.sale] = sale.sku


def moved_before(products: Mapping[str, Product], sku: str, before: str) -> dict[str, Product]:
    """Return the products with one of them before another, or at the end if that is not there."""
    rest = dict(products)
    moved = rest.pop(sku, None)
    if moved is None:
        return rest
    at = list(rest).index(before) if before in rest else len(rest)
    items = list(rest.items())
    return dict([*items[:at], (sku, moved), *items[at:]])


def _size(product: Product) -> int:
    return len(msgpack.encode(product))
