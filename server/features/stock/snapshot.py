"""Sales and their stock in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.stock.messages import Sale, SaleEvent, StockEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Sales(Struct):
    sales: list[Sale] = []


class StockPart(Part):
    """The sales in the order they were opened."""

    Loaded = View = _Sales

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.sales: dict[str, Sale] = {sale.sale: sale for sale in loaded.sales}

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {SaleEvent: self._sale, StockEvent: self._stock}

    def view(self) -> Mapping[str, Any]:
        return {"sales": list(self.sales.values())}

    def values(self) -> Iterable[Event]:
        for sale in self.sales.values():
            yield StockEvent(
                sale=sale.sale, left=sale.left, held=sale.held, sold=sale.sold, ver=sale.ver
            )

    def _sale(self, event: SaleEvent) -> None:
        known = self.sales.get(event.sale.sale)
        if known is None or event.sale.ver >= known.ver:
            self.sales[event.sale.sale] = event.sale

    def _stock(self, event: StockEvent) -> None:
        known = self.sales.get(event.sale)
        if known is not None and event.ver > known.ver:
            self.sales[event.sale] = msgspec.structs.replace(
                known, left=event.left, held=event.held, sold=event.sold, ver=event.ver
            )
