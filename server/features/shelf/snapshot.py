"""The shelf and the pin in the copy of a room."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from server.features.shelf.messages import PinEvent, Product, ShelfEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    pin: str = ""


class _Loaded(Struct):
    shelf: list[Product] = []


class _View(Struct):
    pin: str | None = None
    shelf: list[Product] = []


class ShelfPart(Part):
    """The products in their order, and the sku of the pinned one."""

    Fields, Loaded, View = _Fields, _Loaded, _View

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.products: dict[str, Product] = {product.sku: product for product in loaded.shelf}

    @property
    def pin(self) -> str:
        """The pinned sku; empty: none."""
        return str(self.fields.pin)

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {ShelfEvent: self._shelf, PinEvent: self._pin}

    def view(self) -> Mapping[str, Any]:
        return {"pin": self.fields.pin or None, "shelf": list(self.products.values())}

    def _shelf(self, event: ShelfEvent) -> None:
        if event.put is not None:
            self.products[event.put.sku] = event.put
        if event.remove is not None:
            self.products.pop(event.remove, None)

    def _pin(self, event: PinEvent) -> None:
        self.fields.pin = event.sku or ""
