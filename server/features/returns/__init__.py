"""Takes back what buyers ask to return and the host agrees to."""

from server.feature import Engine, Feature, Running
from server.features.orders.orders import Orders
from server.features.returns import facts, messages
from server.features.returns.returns import Returns
from server.features.returns.routes import ReturnRoutes
from server.features.returns.settings import ReturnSettings


def _make(engine: Engine, orders: Orders) -> Running:
    returns = Returns(engine.store, engine.settings, orders)
    routes = ReturnRoutes(engine.dispatch).routes()
    return Running(it=returns, takes=[returns], due=[returns.due()], routes=routes)


FEATURE = Feature(
    make=_make,
    leans_on=("orders",),
    reads=("ledger", "stock", "coupons", "payments"),
    messages=messages,
    facts=facts,
    settings={ReturnSettings: "returns"},
    keys={"returning": "zset: order with an open request by the ms until which it can be answered"},
)
