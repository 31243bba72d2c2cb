"""What a user has here: orders in all rooms, ties, addresses."""

from server.feature import Engine, Feature, Running
from server.features.me.addresses import Addresses, forget_addresses
from server.features.me.own_orders import OwnOrders
from server.features.me.routes import MeRoutes
from server.features.me.settings import MeSettings
from server.features.me.tie_book import TieBook
from server.features.orders.orders import Orders
from server.features.purchases.purchases import Purchases
from server.features.ties.ties import Ties


def _make(engine: Engine, orders: Orders, purchases: Purchases, ties: Ties) -> Running:
    store, records = engine.store, engine.records
    addresses = Addresses(records, engine.settings.section(MeSettings).addresses_max)
    own = OwnOrders(store, records, purchases, orders)
    routes = MeRoutes(purchases, own, TieBook(store, ties), addresses, engine.sign_outs)
    return Running(routes=routes.routes(), forgets_user=[forget_addresses])


FEATURE = Feature(
    make=_make,
    leans_on=("orders", "purchases", "ties"),
    reads=("archive", "circles"),
    settings={MeSettings: "me"},
)
