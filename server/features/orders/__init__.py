"""Orders: bought, held, given back; the draw at a start; the waiting list."""

from server.feature import Engine, Feature, Running
from server.features.orders import ledger_lines, messages
from server.features.orders.messages import OwnOrders
from server.features.orders.orders import Orders
from server.features.orders.routes import WaitlistRoutes
from server.features.orders.settings import OrderSettings
from server.features.orders.waitlist import Waitlist
from server.rooms.sweeper import Due


def _make(engine: Engine) -> Running:
    orders = Orders(engine.store, engine.settings, engine.metrics)
    return Running(
        it=orders,
        takes=[orders, Waitlist(engine.store, engine.settings)],
        closes=[orders.aclose],
        due=[Due(key="holds", script="orders.expire", args=orders.freeing, changed=orders.expired)],
        own=orders.own_of,
        routes=WaitlistRoutes(engine.store).routes(),
    )


FEATURE = Feature(
    make=_make,
    reads=("ledger", "stock", "coupons"),
    messages=messages,
    ledger_lines=ledger_lines,
    settings={OrderSettings: "orders"},
    joined=OwnOrders,
    keys={
        "orders": "hash order -> packed Order with its key and buyer",
        "orders_of": "hash user -> order ids, oldest first, a space before each",
        "bought": "hash <sale>/<user> -> live units (held + sold) of that buyer",
        "holds": "zset: order by the ms its hold lapses",
        "draws": "hash sale -> seed of its draw, until it was drawn",
        "entries": "hash <sale>/<user> -> packed buy that waits for the draw of that sale",
        "waiting": "zset: <sale>/<number of 16 digits>/<user>, in the order people queued",
        "unmet": (
            "hash <bytes of user>:<user>/<sku> -> 1: who wanted more of the sku than there was, "
            "and was not held any since"
        ),
        "queued": (
            "hash <sale>/<user> -> packed {user, name, qty, n}; and `n`, for older servers only"
        ),
    },
    people={
        "orders_of": "<user>",
        "bought": "<other>/<user>",
        "entries": "<other>/<user>",
        "waiting": "<other>/<other>/<user>",
        "queued": "<other>/<user>",
        "unmet": "<sized user>/<rest>",
    },
)
