"""Purchases: the orders of all rooms, in the records, and what they add up to."""

from server.feature import Engine, Feature, Running
from server.features.purchases.customers import Customers
from server.features.purchases.host_figures import HostBook
from server.features.purchases.projection import PurchaseProjection
from server.features.purchases.purchases import Purchases
from server.features.purchases.revenue import Revenue
from server.features.purchases.routes import PurchaseRoutes


def _make(engine: Engine) -> Running:
    store, records = engine.store, engine.records
    purchases = Purchases(store, records)
    routes = PurchaseRoutes(
        purchases, Customers(store, records), HostBook(records), Revenue(records)
    )
    return Running(it=purchases, routes=routes.routes(), projections=[PurchaseProjection()])


FEATURE = Feature(make=_make, reads=("ledger", "orders", "archive", "circles", "figures", "ties"))
