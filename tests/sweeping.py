"""A sweeper of a test's own: what it does in rooms, without the worker around it."""

from collections.abc import Awaitable, Callable, Sequence

from server.features.orders.orders import Orders
from server.rooms.sweeper import Due, Sweeper
from server.settings import Settings
from server.store.room_store import RoomStore


def sweeper(
    store: RoomStore,
    settings: Settings,
    *rooms: str,
    refund: Callable[[str], Awaitable[int]] | None = None,
    more: Sequence[Due] = (),
) -> Sweeper:
    """Sweeps holds, sales, rounds, `more` and, with `refund`, refunds; `rooms` are those with
    viewers."""
    orders = Orders(store, settings)
    dues = [
        Due(key="holds", script="orders.expire", args=orders.freeing),
        Due(key="due", script="sales.due", args=orders.buying),
        Due(key="ends", script="rounds.end"),
        *more,
    ]
    if refund is not None:
        dues.append(Due(key="refunds", work=refund))
    return Sweeper(store, settings, dues, lambda: rooms)
