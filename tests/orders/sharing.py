"""Whether the money of a room's ledger is shared whole, by both counts, as far as it goes now."""

import secrets
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import NamedTuple, cast

from server.features.accounts.posting import OrderState, Poster, lines_of, order_in
from server.features.accounts.recount import Amounts, Recount
from server.features.allotments.transfers import Needs, Transfer, Transfers
from server.features.archive.source import entry_of
from server.features.orders.messages import Order
from server.records.projection import Entry, RoomHead
from server.store.room_store import RoomStore
from tests.stored import stored_hash

HEAD = RoomHead(1, "room", 0, "h", "", "", "", 0, 0, 0, False)


class Folded(NamedTuple):
    """What a ledger moves, by line; the `orders` at its end, with their states; the `updated` at
    which orders were `released`, and what was pending of them then or is now."""

    moved: dict[int, Amounts]
    orders: dict[str, Order]
    states: dict[str, OrderState]
    released: dict[str, int]
    pending: dict[str, dict[str, int]]


async def must_be_shared_whole(store: RoomStore, room: str) -> None:
    """Both counts agree line by line; each line adds up to zero; what is due back to buyers is what
    the room says, and what came from them is what was charged and not given back.

    So it is also when orders are released meanwhile, at any step at which they may be; and when the
    ledger is folded again after that.
    """
    found = await store.redis.xrange(store.keys.room(room, "ledger"))
    entries = [entry_of(place, fields) for place, fields in found]
    recount = _must_agree(entries, fold(entries))
    for n in range(2):
        folded = fold(entries, Random(len(entries) + n))
        _must_agree(entries, folded)
        assert fold(entries, released=folded.released).moved == folded.moved
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
        beyond = -held["platform/disputes", currency]
        assert held["buyers/money", currency] == back - charged + beyond


def fold(
    entries: Sequence[Entry],
    chance: Random | None = None,
    released: dict[str, int] | None = None,
) -> Folded:
    """Fold a ledger; by `chance` an order that may be is released after one of its steps."""
    before = {order: OrderState(order, released=at) for order, at in (released or {}).items()}
    folded, poster = Folded({}, {}, before, {}, {}), Poster(HEAD, before)
    for entry in entries:
        for number, line in lines_of(entry):
            moved: Amounts = Counter()
            for each in poster.postings(number, line):
                moved[each.account, each.currency] += each.amount
            if kept := Counter({place: n for place, n in moved.items() if n}):
                folded.moved[number] = kept
            order = order_in(line) if line.k == "order" else None
            if order is not None:
                folded.orders[order.order] = order
                if chance is not None and chance.random() < 0.3:
                    _release(folded, poster.state_of(order.order))
    for state in folded.states.values():
        folded.pending.setdefault(state.order, state.pending)
    return folded


def _release(folded: Folded, state: OrderState) -> None:
    if state.paid and not (state.released or state.asked or state.held):
        folded.released[state.order] = state.released = state.updated
        folded.pending[state.order], state.pending = state.pending, {}


def _must_agree(entries: Sequence[Entry], folded: Folded) -> Recount:
    recount = Recount(HEAD.host, folded.released)
    for entry in entries:
        recount.add_entry(entry)
    assert folded.moved == recount.moved
    assert not any(sum(sums.values()) for sums in folded.moved.values())
    for order, pending in folded.pending.items():
        counted = {name: n for (name, _), n in recount.pending.get(order, {}).items() if n}
        assert counted == {name: n for name, n in pending.items() if n}
    _must_hold_what_is_disputed(folded)
    return recount


def _must_hold_what_is_disputed(folded: Folded) -> None:
    """Nothing is held of an order that no open dispute is about, and what is held is no more than
    that. All that is left of a disputed order is held, except for who would gain by its loss."""
    held: Amounts = Counter()
    for state in folded.states.values():
        order = folded.orders[state.order]
        left = order.total - order.back if order.status == "paid" else 0
        assert all(amount > 0 for amount in state.held.values())
        assert bool(state.held) <= (min(order.disputed, left) > 0)
        if order.disputed >= left and not state.released:
            assert all(amount <= 0 for amount in state.pending.values())
        for account, amount in state.held.items():
            held[account, state.currency] += amount
    moved: Amounts = Counter()
    for sums in folded.moved.values():
        moved.update({(a, c): n for (a, c), n in sums.items() if a.endswith("/held")})
    assert {place: n for place, n in moved.items() if n} == held


class EverythingGranted:
    """Transfers of merchants who grant whatever is asked for: these tests are about money."""

    async def send(self, _room: str, needs: Needs) -> Transfer:
        return Transfer(secrets.token_hex(8), needs.merchant, needs.sku, needs.units)

    async def settle(self, _room: str, _transfer: str) -> None:
        """Nothing was taken from anywhere."""


GRANTED = cast("Transfers", EverythingGranted())
