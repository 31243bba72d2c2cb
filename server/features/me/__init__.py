"""Shows a user what they have here: orders in all rooms, ties, addresses."""

from server.feature import Engine, Feature, Running
from server.features.me.addresses import Addresses, OldBooks, forget_addresses
from server.features.me.own_orders import OwnOrders
from server.features.me.routes import MeRoutes
from server.features.me.settings import AddressKeeping, MeSettings
from server.features.me.tie_book import TieBook
from server.features.orders.orders import Orders
from server.features.purchases.purchases import Purchases
from server.features.ties.ties import Ties
from server.rooms.retention import Removal


def _make(engine: Engine, orders: Orders, purchases: Purchases, ties: Ties) -> Running:
    store, records = engine.store, engine.records
    addresses = Addresses(records, engine.settings.section(MeSettings).addresses_max)
    own = OwnOrders(store, records, purchases, orders)
    routes = MeRoutes(purchases, own, TieBook(store, ties), addresses, engine.sign_outs)
    old = OldBooks(records)
    days = engine.settings.section(AddressKeeping).keep_addresses_days
    return Running(
        routes=routes.routes(),
        forgets_user=[forget_addresses],
        removals=[Removal(kind="addresses", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("orders", "purchases", "ties"),
    reads=("archive", "circles"),
    settings={MeSettings: "me", AddressKeeping: "records"},
)
