"""Whether the money of a room's ledger is shared whole, by both counts, as far as it goes now."""

import secrets
from collections import Counter
from typing import cast

from server.features.accounts.posting import Poster, lines_of, order_in
from server.features.accounts.recount import Recount
from server.features.allotments.transfers import Needs, Transfer, Transfers
from server.features.archive.source import entry_of
from server.features.orders.messages import Order
from server.records.projection import RoomHead
from server.store.room_store import RoomStore
from tests.stored import stored_hash

HEAD = RoomHead(1, "room", 0, "h", "", "", "", 0, 0, 0, False)


async def must_be_shared_whole(store: RoomStore, room: str) -> None:
    """Both counts agree line by line; each line adds up to zero; what is due back to buyers is what
    the room says, and what came from them is what was charged and not given back."""
    found = await store.redis.xrange(store.keys.room(room, "ledger"))
    poster, recount = Poster(HEAD, {}), Recount(HEAD.host, {})
    moved: dict[int, Counter[tuple[str, str]]] = {}
    orders: dict[str, Order] = {}
    for place, fields in found:
        entry = entry_of(place, fields)
        recount.add_entry(entry)
        for number, line in lines_of(entry):
            if line.k == "order" and (order := order_in(line)) is not None:
                orders[order.order] = order
            for each in poster.postings(number, line):
                moved.setdefault(number, Counter())[each.account, each.currency] += each.amount
    moved = {
        number: kept
        for number, sums in moved.items()
        if (kept := Counter({place: n for place, n in sums.items() if n}))
    }
    assert moved == recount.moved
    must_hold_what_is_disputed(poster, orders)
    assert not any(sum(sums.values()) for sums in moved.values())
    held = recount.sums()
    stats = {
        name.decode(): int(value)
        for name, value in stored_hash(
            await store.redis.hgetall(store.keys.room(room, "stats"))
        ).items()
    }
    for currency in {currency for _, currency in held}:
        charged, due, back = (
            stats.get(f"{name}:{currency}", 0) for name in ("charged", "refund_due", "refunded")
        )
        assert held["buyers/refunds", currency] == due
        assert held["buyers/money", currency] == back - charged


def must_hold_what_is_disputed(poster: Poster, orders: dict[str, Order]) -> None:
    """Of an order is held what its disputes are over, as far as anything is left of it: of no owner
    more than their share, and nothing once no dispute is open."""
    for state in poster.states.values():
        order = orders[state.order]
        left = order.total - order.back if order.status == "paid" else 0
        assert all(amount > 0 for amount in state.held.values())
        assert bool(state.held) <= bool(min(order.disputed, left))
        if order.disputed >= left:
            kept = [n for account, n in state.pending.items() if account.endswith("/pending")]
            assert all(n <= 0 for n in kept), "all that is left of it is at stake"


class EverythingGranted:
    """Transfers of merchants who grant whatever is asked for: these tests are about money."""

    async def send(self, _room: str, needs: Needs) -> Transfer:
        return Transfer(secrets.token_hex(8), needs.merchant, needs.sku, needs.units)

    async def settle(self, _room: str, _transfer: str) -> None:
        """Nothing was taken from anywhere."""


GRANTED = cast("Transfers", EverythingGranted())
