"""Keeps what a worker knows of the users who may speak: what they bought, whom they belong to.

All of it is read when they join, or told to them while they are here, so that a comment costs no
reading. Who speaks without being in the room has no badges.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from server.features.comments.messages import Badge
from server.features.orders.messages import Order, OrderEvent
from server.features.shelf.snapshot import ShelfPart
from server.protocol.message import Event
from server.rooms.room import Room

AUTHORS_MAX = 100_000
"""Users with badges that a worker remembers of one room; the one known longest goes first."""
NONE: tuple[Badge, ...] = ()


class _Author(NamedTuple):
    """What a user is in one room. Those who bought nothing share a few objects.

    `bought`: order -> what of it was paid and kept: skus, and the goods they are variants of.
    """

    circles: tuple[Badge, ...] = NONE
    bought: Mapping[str, frozenset[str]] = MappingProxyType({})


_CIRCLES: dict[tuple[bool, bool], tuple[Badge, ...]] = {
    (False, False): NONE, (True, False): ("fan",), (False, True): ("member",),
    (True, True): ("fan", "member"),
}  # fmt: skip
_PLAIN = {circles: _Author(circles) for circles in _CIRCLES.values()}


class Authors:
    """Gives badges to the comments of users who are here."""

    def __init__(self, open_room: Callable[[str], Room | None]) -> None:
        self._open_room = open_room
        self._rooms: dict[str, dict[str, _Author]] = {}

    def badges_of(self, room_id: str, user: str) -> Sequence[Badge]:
        """The badges of a comment of this user now."""
        author = self._of(room_id, user)
        if author is None:
            return NONE
        if author.bought and self._has_bought_pinned(room_id, author):
            return ("bought", *author.circles)
        return author.circles

    def belongs(self, room_id: str, user: str, follows: bool | None, belongs: bool | None) -> None:
        """Note that a user follows the host or belongs to the group, or no longer."""
        known = self._of(room_id, user) or _PLAIN[NONE]
        is_fan = "fan" in known.circles if follows is None else follows
        is_member = "member" in known.circles if belongs is None else belongs
        self._put(room_id, user, known._replace(circles=_CIRCLES[is_fan, is_member]))

    def has_orders(self, room_id: str, user: str, orders: Iterable[Order]) -> None:
        """Note the orders of a user as they are now."""
        known = self._of(room_id, user) or _PLAIN[NONE]
        bought = dict(known.bought)
        for order in orders:
            bought.pop(order.order, None)
            if kept := _kept(order):
                bought[order.order] = kept
        if bought != known.bought:
            self._put(room_id, user, known._replace(bought=bought))

    def told(self, room_id: str, user: str, event: Event) -> None:
        """Hear of a change of an order."""
        if isinstance(event, OrderEvent):
            self.has_orders(room_id, user, [event.order])

    def _of(self, room_id: str, user: str) -> _Author | None:
        authors = self._rooms.get(room_id)
        return None if authors is None else authors.get(user)

    def _put(self, room_id: str, user: str, author: _Author) -> None:
        authors = self._rooms.get(room_id)
        if authors is None:
            self._forget_closed()
            authors = self._rooms[room_id] = {}
        if user not in authors and len(authors) >= AUTHORS_MAX:
            del authors[next(iter(authors))]
        authors[user] = author if author.bought else _PLAIN[author.circles]

    def _forget_closed(self) -> None:
        """Forget the rooms that this worker has closed since."""
        for room_id in [each for each in self._rooms if self._open_room(each) is None]:
            del self._rooms[room_id]

    def _has_bought_pinned(self, room_id: str, author: _Author) -> bool:
        room = self._open_room(room_id)
        if room is None:
            return False
        shelf = room.state.part(ShelfPart)
        sku = shelf.pin
        if not sku:
            return False
        product = shelf.products.get(sku)
        wanted = {sku}
        if product is not None and product.merchant:
            wanted.add(_goods(product.merchant, product.goods))
        return any(not kept.isdisjoint(wanted) for kept in author.bought.values())


def _kept(order: Order) -> frozenset[str]:
    """Return what of an order was paid and not given back."""
    if order.status != "paid" or order.practice:
        return frozenset()
    lines = [line for line in order.lines if line.returned < line.qty]
    goods = {_goods(line.merchant, line.goods) for line in lines if line.merchant}
    return frozenset({line.sku for line in lines} | goods)


def _goods(merchant: str, goods: str) -> str:
    return f"{merchant}\n{goods}"  # no sku has a newline
