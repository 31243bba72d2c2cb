"""Flash sales: opened, restocked, lowered, closed."""

from server.feature import Engine, Feature, Running
from server.features.orders.orders import Orders
from server.features.sales import facts, messages
from server.features.sales.routes import SaleRoutes
from server.features.sales.sales import Sales
from server.rooms.sweeper import Due


def _make(engine: Engine, orders: Orders) -> Running:
    sales = Sales(engine.store, engine.settings)
    return Running(
        it=sales,
        takes=[sales],
        routes=SaleRoutes(engine.directory, engine.dispatch).routes(),
        due=[Due(key="due", script="sales.due", args=orders.buying)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("orders",),
    reads=("ledger", "shelf", "stock", "coupons"),
    messages=messages,
    facts=facts,
)
