"""The time of each buyer's first payment to a host, over all the host's rooms.

Reading figures updates it from the ledgers, so placing an order costs nothing extra.
"""

import asyncio
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from cachetools import LRUCache
from msgpack import packb
from msgspec import Raw, Struct, msgpack

from server.features.circles.group_ids import group_id
from server.features.figures.reckoning.models import Spans
from server.features.figures.room_heads import heads_of
from server.features.ledger import ledger
from server.rooms.left_out import LeftOut
from server.store.reading import reading
from server.store.room_store import RoomStore

T = TypeVar("T")

USERS_A_CALL_MAX = 1000
PARTIAL_MAX = 1000
CHUNK = 20
"""Ledger entries (script calls) read at once; an entry can have many lines."""


class _FirstPaid(Struct):
    """A buyer's first payment."""

    room: str
    at: int


class _Member(Struct):
    """Somebody in the fan group, and since when."""

    at: int


class _Memberships(Struct):
    """The spans of time in which somebody belonged to the fan group."""

    spans: Spans


class _Settled(Struct):
    """The result of `settle_buyers`."""

    changed: int


_ANY = msgpack.Decoder(Any)
_FIRST = msgpack.Decoder(_FirstPaid)
_MEMBER = msgpack.Decoder(_Member)
_MEMBERSHIPS = msgpack.Decoder(_Memberships)
_SETTLED = msgpack.Decoder(_Settled)


class Buyers:
    """Reads and settles the buyers of hosts."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._left_out = LeftOut("the buyers of its host")
        self.partial: LRUCache[str, bool] = LRUCache(PARTIAL_MAX)
        """Hosts of whom some room could not be read."""
        self._settling: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def settle(self, host: str) -> int:
        """Add new payments from the ledgers of the host's rooms; return how many buyers changed.

        Several workers may do it at the same time: the earliest payment stays. A room that can't
        be read is left out, and read next time; `partial` then has the host.
        """
        keys, redis = self._store.keys, self._store.redis
        async with self._settling.setdefault(host, asyncio.Lock()):
            with reading():
                listed = await redis.zrange(keys.host(host, "rooms"), 0, -1)
                settled = await redis.hgetall(keys.host(host, "settled"))
            rooms = [*self._left_out.texts(listed), group_id(host)]
            heads, unread = await heads_of(self._store, rooms, self._left_out)
            changed = 0
            for head in heads:
                upto = int(settled.get(head.room.encode(), 0))
                if head.host == host and head.ledger > upto and not head.practice:
                    try:
                        changed += await self._settle_room(host, head.room, upto)
                    except Exception as error:  # the other rooms' buyers count all the same
                        self._left_out.say(head.room, error)
                        unread.append(head.room)
            self.partial.pop(host, None)
            if unread:
                self.partial[host] = True
            return changed

    async def _settle_room(self, host: str, room_id: str, after: int) -> int:
        paid: dict[str, int] = {}
        upto = after
        with reading():
            async for chunk in ledger.read(self._store, room_id, after, count=CHUNK):
                upto = chunk[-1][0]
                for _, line in chunk:
                    if line["k"] == "order" and line["order"]["status"] == "paid":
                        user = line["order"]["user"]
                        paid[user] = min(line["at"], paid.get(user, line["at"]))
        changed = 0
        wanted = iter([{"user": user, "at": at} for user, at in paid.items()])
        for part in _parts(wanted):
            args = {"of": room_id, "buyers": part, "upto": 0}
            changed += (
                await self._store.run_script("figures.settle_buyers", host, args, _SETTLED)
            ).changed
        # Store the place last: if this worker dies earlier, another reads the same lines again.
        args = {"of": room_id, "buyers": [], "upto": upto}
        await self._store.run_script("figures.settle_buyers", host, args, _SETTLED)
        return changed

    async def first_paid(self, host: str, users: Collection[str]) -> dict[str, int]:
        """user -> time (ms) of the first payment to this host, for those of `users` who paid."""
        found = await hash_of(self._store, self._store.keys.host(host, "buyers"), users)
        return {user: _FIRST.decode(raw).at for user, raw in found.items()}

    async def first_followed(self, host: str, users: Collection[str]) -> dict[str, int]:
        """user -> time (ms) of the first follow of this host, for those of `users` who did."""
        found = await hash_of(self._store, self._store.keys.host(host, "fans"), users)
        return {user: int(raw) for user, raw in found.items()}

    async def spans_of(self, host: str, users: Collection[str]) -> dict[str, Spans]:
        """user -> when they belonged to the host's fan group, for those of `users` who ever did."""
        keys, group = self._store.keys, group_id(host)
        raw = await hash_of(self._store, keys.room(group, "memberships"), users)
        spans = {user: _MEMBERSHIPS.decode(each).spans for user, each in raw.items()}
        # Who joined before spans were kept has only the time of that.
        others = [user for user in users if user not in spans]
        joined = await hash_of(self._store, keys.room(group, "members"), others)
        return spans | {user: [(_MEMBER.decode(each).at, 0)] for user, each in joined.items()}


async def forget_first_orders(
    store: RoomStore, host: str, room: str, users: Collection[str]
) -> None:
    """Take users out of a host's buyers whose first payment was in this room: if they come again,
    they come as strangers. Raises CommandError."""
    found = await hash_of(store, store.keys.host(host, "buyers"), users)
    gone = [(user, raw, b"", b"") for user, raw in found.items() if _FIRST.decode(raw).room == room]
    for part in _parts(iter(gone)):
        changes = Raw(packb(part, use_bin_type=False))
        args = {"key": "buyers", "kind": "hash", "changes": changes}
        await store.run_script("host_forget", host, args, _ANY)


async def hash_of(store: RoomStore, key: str, fields: Collection[str]) -> dict[str, bytes]:
    """The given fields of a hash, as far as they exist, read in portions."""
    found: dict[str, bytes] = {}
    for part in _parts(iter(fields)):
        with reading():
            values = await store.redis.hmget(key, part)
        found |= {f: value for f, value in zip(part, values, strict=True) if value is not None}
    return found


def _parts(items: Iterator[T]) -> Iterator[list[T]]:
    while part := list(islice(items, USERS_A_CALL_MAX)):
        yield part
