"""Sales, standing and flash: opened, restocked, lowered, priced anew, closed."""

from server.background.clock import unix_ms
from server.feature import Engine, Feature, Running
from server.features.allotments import AllotmentBooks
from server.features.orders.orders import Orders
from server.features.sales import facts, ledger_lines, messages
from server.features.sales.edits import ShelfEdits
from server.features.sales.price_history import PriceHistory, PriceProjection
from server.features.sales.routes import SaleRoutes
from server.features.sales.sales import Sales
from server.features.shelf.shelf import Shelf
from server.rooms.sweeper import Due


def _make(engine: Engine, orders: Orders, allotted: AllotmentBooks, shelf: Shelf) -> Running:
    prices = PriceHistory(engine.records, engine.directory.host_of, unix_ms)
    sales = Sales(engine.store, engine.settings, allotted.transfers, prices)
    edits = ShelfEdits(engine.store, engine.settings, sales.lowest, shelf.carried)
    return Running(
        it=sales,
        takes=[sales, edits],
        routes=SaleRoutes(engine.directory, engine.dispatch).routes(),
        due=[Due(key="due", script="sales.due", args=orders.buying)],
        projections=[PriceProjection()],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("orders", "allotments", "shelf"),
    reads=("archive", "ledger", "stock", "coupons", "terms"),
    messages=messages,
    ledger_lines=ledger_lines,
    facts=facts,
)
