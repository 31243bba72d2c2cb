"""The books of a room: the audit, the host's list of orders, and exports."""

from server.feature import Engine, Feature, Running
from server.features.books.audit import stays
from server.features.books.routes import OrderRoutes


def _make(engine: Engine) -> Running:
    return Running(routes=OrderRoutes(engine.store).routes(), stays=[stays])


FEATURE = Feature(
    make=_make,
    scope="orders",
    reads=("ledger", "stock", "coupons", "orders", "payments", "auctions"),
)
