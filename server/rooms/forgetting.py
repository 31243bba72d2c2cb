"""Takes a person out of what is kept here: `liveroom forget USER`.

One pseudonym takes the place of the user's id and name, so that ledgers, orders and sums still add
up. What belongs to no single room is rewritten at once. A room is rewritten while it leaves Redis
(`rooms.retiring`): its snapshot is written without the person, so that no room is ever half
rewritten. Rooms that left come back for it, and leave again; those that can't leave yet wait.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from msgpack import packb
from msgspec import Raw, msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.troubles import Troubles
from server.records.database import Database
from server.records.forgotten import (
    drop_if_done,
    gone_in,
    note_forgotten,
    pseudonym_of,
    put_on_list,
    rooms_waiting,
    strike_off,
)
from server.records.retired import Part, read_parts
from server.rooms.every_room import EveryRoom
from server.rooms.packing import pack
from server.rooms.pseudonyms import Pseudonyms
from server.store.bans import Bans
from server.store.room_store import RoomStore


class Rewrites(Protocol):
    """Rewrites what is kept of a room. The same bytes are always rewritten alike."""

    streams: Collection[str] | None
    """The streams whose entries it may change; None: all."""

    def over(self, batches: AsyncIterator[list[Part]]) -> AsyncIterator[list[Part]]:
        """Yield the parts of a snapshot rewritten, some left out."""

    def body(self, body: bytes) -> bytes:
        """Return an entry of a stream rewritten."""


ForgetsUser = Callable[[AsyncConnection, str], Awaitable[None]]
"""(connection, user) -> removes what a feature's tables hold of a user apart from rooms."""

Keeps = Callable[[RoomStore, str], Awaitable[str]]
"""(store, user) -> of what somebody is still a part and can't be forgotten yet, or ''."""

_ANY = msgpack.Decoder(Any)
_FIELDS = msgpack.Decoder(list[bytes])


class Forgets(Protocol):
    """What a feature's tables hold of rooms, and how people are taken out of it."""

    async def hosts(self, connection: AsyncConnection) -> set[str]:
        """The hosts of the rooms."""

    async def rooms(self, connection: AsyncConnection) -> list[str]:
        """The rooms."""

    async def names(self, connection: AsyncConnection, room: str, people: Pseudonyms) -> bool:
        """Whether something of the room names one of these people."""

    async def forget(self, connection: AsyncConnection, room: str, people: Pseudonyms) -> None:
        """Put the pseudonyms in their places; twice is the same as once."""

    async def rewrite(self, records: Database, room: str, rewrites: Rewrites) -> None:
        """Rewrite what is kept of a room that left Redis, in short transactions; twice is the same
        as once."""


class HostsStill(Exception):
    """The person is the host, or a merchant, of rooms that are not over; the text names them."""


class _Own(NamedTuple):
    """A room of the person: its phase, and whether it is their fan group."""

    room: str
    phase: str
    is_group: bool


class Forgotten(NamedTuple):
    """What became of it: the rooms that do not name the person any more, and why others wait."""

    rooms: list[str]
    waiting: dict[str, str]


class Forgetter:
    """Forgets people. `retire` takes a room out of Redis and returns why not, or ''."""

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        shapes: Mapping[str, str],
        forgets: Sequence[Forgets],
        forgets_user: Sequence[ForgetsUser],
        retire: Callable[[str], Awaitable[str]],
        unforgettable: Sequence[Keeps] = (),
    ) -> None:
        self._store = store
        self._records = records
        self._shapes = shapes
        self._forgets = forgets
        self._forgets_user = forgets_user
        self._retire = retire
        self._unforgettable = unforgettable
        self._every_room = EveryRoom(store, Troubles("forgetting"))

    async def forget(self, user: str) -> Forgotten:
        """Take a user out of everything; safe to call again, as after it was stopped.

        A host can be forgotten once all their rooms are over, a merchant once those are that sell
        their units.

        Raises HostsStill, RecordsAway, CommandError, RedisError or OSError.
        """
        hosts, rooms = await self._hosts_and_rooms()
        kept = [await keeps(self._store, user) for keeps in self._unforgettable]
        _must_be_over(user, await self._own(user, rooms), [why for why in kept if why])
        fresh = f"gone-{secrets.token_hex(6)}"
        now = unix_ms()
        async with self._records.writing() as connection:
            pseudonym = await pseudonym_of(connection, user, fresh, now)
            await note_forgotten(connection, user, now)
            for forgets_user in self._forgets_user:
                await forgets_user(connection, user)
        people = Pseudonyms({user: pseudonym}, self._shapes)
        await self._store.redis.zrem(self._store.keys.sign_outs, user)
        await Bans(self._store).lift_all(user)
        for host in sorted(hosts | {user}):
            await self._forget_at_host(host, people)
        if user in hosts:
            await self._move_host(user, pseudonym)
        for room in rooms:
            if rooms[room] == user or await self._names(room, people):
                async with self._records.writing() as connection:
                    await put_on_list(connection, room, user)
        forgotten = await self._finish(user, people)
        if user in hosts and not forgotten.waiting:
            # What somebody did meanwhile, such as following them in a room of theirs.
            for name in self._store.keys.host_keys:
                await self._store.redis.unlink(self._store.keys.host(user, name))
        return forgotten

    async def _hosts_and_rooms(self) -> tuple[set[str], dict[str, str]]:
        """All hosts, and all rooms with the host, as far as Redis or the records know them."""
        hosts: set[str] = set()
        rooms: dict[str, str] = {}
        async for page in self._every_room.pages():
            for room in page:
                host = await self._store.redis.hget(self._store.keys.room(room, "room"), "host")
                rooms[room] = host.decode() if host else ""
        async with self._records.reading() as connection:
            for forgets in self._forgets:
                hosts |= await forgets.hosts(connection)
                rooms = dict.fromkeys(await forgets.rooms(connection), "") | rooms
        return hosts | set(rooms.values()) - {""}, rooms

    async def _own(self, user: str, rooms: Mapping[str, str]) -> list[_Own]:
        own = []
        for room in [room for room, host in rooms.items() if host == user]:
            key = self._store.keys.room(room, "room")
            phase, kind = await self._store.redis.hmget(key, "phase", "kind")
            own.append(_Own(room, (phase or b"").decode(), kind == b"group"))
        return own

    async def _move_host(self, user: str, pseudonym: str) -> None:
        """Keep what is known of a host under the pseudonym, as their rooms will be.

        A key is copied, then removed: whoever is stopped in between does it again.
        """
        keys, redis = self._store.keys, self._store.redis
        for name in keys.host_keys:
            old, new = keys.host(user, name), keys.host(pseudonym, name)
            if (packed := await redis.dump(old)) is not None:
                await redis.restore(new, 0, packed, replace=True)
                await redis.unlink(old)

    async def _finish(self, user: str, people: Pseudonyms) -> Forgotten:
        """Let every room that waits leave Redis, if it can."""
        done, waiting = [], {}
        async with self._records.reading() as connection:
            rooms = await rooms_waiting(connection, user)
        for room in rooms:
            if why := await self._forget_in(room, people):
                waiting[room] = why
            else:
                done.append(room)
        async with self._records.writing() as connection:
            await drop_if_done(connection, user)
        return Forgotten(done, waiting)

    async def _forget_in(self, room: str, people: Pseudonyms) -> str:
        """Take the person out of a room now; return why that must wait, or ''."""
        if not await self._store.redis.exists(self._store.keys.room(room, "room")):
            async with self._records.writing() as connection:  # only the records know it
                for forgets in self._forgets:
                    await forgets.forget(connection, room, people)
                await strike_off(connection, room, people.gone, "")
            return ""
        await self._store.must_be_here(room)
        return await self._retire(room)

    async def _names(self, room: str, people: Pseudonyms) -> bool:
        async for parts in self._parts_of(room):
            if any(people.part(part) != part for part in parts):
                return True
        async with self._records.reading() as connection:
            for forgets in self._forgets:
                if await forgets.names(connection, room, people):
                    return True
        return False

    async def _parts_of(self, room: str) -> AsyncIterator[list[Part]]:
        """Yield what Redis has of a room, or the records if it left."""
        keys = self._store.keys
        left = await self._store.redis.hget(keys.room(room, "room"), "left")
        if left and not left.startswith(b"leaving:"):
            async for part in read_parts(self._records, left.decode()):
                yield [part]
            return
        named = [(name, keys.room(room, name)) for name in keys.room_keys if name != "bus"]
        async for parts in pack(self._store.redis, named):
            yield parts

    async def _forget_at_host(self, host: str, people: Pseudonyms) -> None:
        keys = self._store.keys
        named = [(name, keys.host(host, name)) for name in keys.host_keys]
        async for parts in pack(self._store.redis, named):
            for part in parts:
                without = people.part(part)
                if part.items != without.items:
                    changes = _changes(part, without)
                    args = {"key": part.key, "kind": part.kind,
                            "changes": Raw(packb(changes, use_bin_type=False))}  # fmt: skip
                    await self._store.run_script("host_forget", host, args, _ANY)


def _must_be_over(user: str, own: Sequence[_Own], kept: Sequence[str]) -> None:
    """Refuse a host whose rooms are not all over, and somebody who is `kept` for other reasons.
    Raises HostsStill."""
    groups = [each.room for each in own if each.is_group]
    others = [f"{each.room} ({each.phase})" for each in own if each.phase != "ended"]
    others = [text for text in others if text.split(" (")[0] not in groups]
    todo = [*kept]
    if others:
        todo.append(f"the host of rooms that are not over: {', '.join(others)}; end or cancel them")
    if groups:
        todo.append(
            f"the host of a fan group, whose id names them: {', '.join(groups)}; delete it "
            "(`liveroom room delete`)"
        )
    if todo:
        raise HostsStill(
            f"`{user}` is {', and '.join(todo)}, then say it again. Nothing was changed."
        )


def _changes(old: Part, new: Part) -> Any:
    """Return what `host_forget.lua` is to change of a key; nothing if it is as it was."""
    if len(old.items) != len(new.items):  # answers that are dropped
        kept = set(new.items[::2])
        pairs = zip(old.items[::2], old.items[1::2], strict=True)
        dropped = [(name, value) for name, value in pairs if name not in kept]
        if old.kind == "zset":
            return [(name, b"") for name, _ in dropped]
        return [(name, value, b"", b"") for name, value in dropped]
    before = list(zip(old.items[::2], old.items[1::2], strict=True))
    after = list(zip(new.items[::2], new.items[1::2], strict=True))
    changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    if old.kind == "hash":
        return [(*one, *other) for one, other in changed]
    if old.kind == "zset":
        return [(one[0], other[0]) for one, other in changed]
    return {other[0]: _body_in(other[1]) for _, other in changed}


def _body_in(packed: bytes) -> bytes:
    fields = _FIELDS.decode(packed)
    return dict(zip(fields[::2], fields[1::2], strict=True))[b"e"]


async def people_in(records: Database, room: str, shapes: Mapping[str, str]) -> Pseudonyms | None:
    """Return those whom a room still names and should not, or None. Raises RecordsAway."""
    async with records.reading() as connection:
        gone = await gone_in(connection, room)
    return Pseudonyms(gone, shapes) if gone else None
