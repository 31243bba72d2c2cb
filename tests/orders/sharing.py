"""Whether the money of a room's ledger is shared whole, by both counts, as far as it goes now."""

import secrets
from collections import Counter
from typing import cast

from server.features.accounts.posting import Poster, lines_of
from server.features.accounts.recount import Recount
from server.features.allotments.transfers import Needs, Transfer, Transfers
from server.features.archive.source import entry_of
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
    for place, fields in found:
        entry = entry_of(place, fields)
        recount.add_entry(entry)
        for number, line in lines_of(entry):
            for each in poster.postings(number, line):
                moved.setdefault(number, Counter())[each.account, each.currency] += each.amount
    moved = {
        number: kept
        for number, sums in moved.items()
        if (kept := Counter({place: n for place, n in sums.items() if n}))
    }
    assert moved == recount.moved
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


class EverythingGranted:
    """Transfers of merchants who grant whatever is asked for: these tests are about money."""

    async def send(self, _room: str, needs: Needs) -> Transfer:
        return Transfer(secrets.token_hex(8), needs.merchant, needs.sku, needs.units)

    async def settle(self, _room: str, _transfer: str) -> None:
        """Nothing was taken from anywhere."""


GRANTED = cast("Transfers", EverythingGranted())
