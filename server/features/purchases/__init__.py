"""Purchases: the orders of all rooms, in the records, and what they add up to."""

from server.feature import Engine, Feature, Running
from server.features.figures.buyers import forget_first_orders
from server.features.purchases.customers import Customers
from server.features.purchases.host_figures import HostBook
from server.features.purchases.projection import PurchaseProjection
from server.features.purchases.purchases import Purchases, buyers_in
from server.features.purchases.revenue import Revenue
from server.features.purchases.routes import PurchaseRoutes
from server.features.purchases.settings import PurchaseKeeping
from server.features.ties.projection import TIE_FACTS
from server.rooms.retention import Keeping


def _make(engine: Engine) -> Running:
    store, records = engine.store, engine.records
    purchases = Purchases(store, records)
    routes = PurchaseRoutes(
        purchases, Customers(store, records), HostBook(records), Revenue(records)
    )
    return Running(it=purchases, routes=routes.routes(), projections=[PurchaseProjection()])


FEATURE = Feature(
    make=_make,
    scope="orders",
    reads=("ledger", "orders", "archive", "circles", "figures", "ties"),
    settings={PurchaseKeeping: "records"},
    keeps=[
        Keeping(
            kind="customers",
            days=lambda settings: settings.section(PurchaseKeeping).keep_customers_days,
            users=buyers_in,
            spares=TIE_FACTS,
            from_host=forget_first_orders,
        ),
        Keeping(
            kind="orders",
            days=lambda settings: settings.section(PurchaseKeeping).keep_orders_days,
            whole=True,
        ),
    ],
)
