"""Badges: what a comment says of its author, which nobody but the server can write."""

from server.feature import Engine, Feature, Running
from server.features.badges.authors import Authors
from server.features.circles.circles import Circles
from server.features.comments.comments import Comments
from server.features.orders.orders import Orders


def _make(engine: Engine, circles: Circles, comments: Comments, orders: Orders) -> Running:
    authors = Authors(engine.open_room)
    comments.badges = authors.badges_of
    circles.hear = authors.belongs
    orders.hear = authors.has_orders
    return Running(it=authors, told=authors.told)


FEATURE = Feature(
    make=_make,
    leans_on=("circles", "comments", "orders"),
    reads=("shelf",),
)
