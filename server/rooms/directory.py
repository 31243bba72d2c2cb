"""The directory of rooms: creates rooms, finds them, and knows their hosts."""

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec
from cachetools import TTLCache

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.protocol.plain_text import plain_name
from server.protocol.roles import Role
from server.protocol.room import Phase, RoomCreate, RoomView
from server.rooms.dispatch import holds
from server.rooms.left_out import LeftOut
from server.rooms.lineup import Lineup, place_of
from server.rooms.listing import PAGE_MAX, Order, RoomList, RoomsPage
from server.rooms.naming import Host
from server.rooms.part import Part
from server.rooms.plain_text import shown_text
from server.rooms.scheduled import Scheduled
from server.rooms.state import RoomState
from server.rooms.stored import RoomReader
from server.rooms.zones import must_be_zone
from server.settings import Settings
from server.store.reading import asked

P = TypeVar("P", bound=Part)

_ANY = msgspec.msgpack.Decoder(Any)

HOSTS_REMEMBERED_MAX = 10_000
HOST_REMEMBERED_S = 60.0
"""A room's host is cached only so long: another host may recreate a room that Redis lost."""
_TIMES = ("created", "scheduled")
CLOCKS_APART_MS_MAX = 60_000
"""How far in the past a room may be scheduled: the caller's clock may be slow."""


class Founder(Protocol):
    """A feature's share in creating a room. All methods may raise CommandError."""

    def must_be_free(self, room_id: str) -> None:
        """Refuse a room id that is reserved."""

    async def begin(self, host: str, room_id: str, wish: RoomCreate | None) -> Mapping[str, Any]:
        """Return the arguments that the feature adds to `room_create`. `wish` is what was asked
        for; None for a fan group."""

    async def finish(self, host: str, room_id: str) -> None:
        """Apply changes that happened while the room was being created."""


class Directory:
    """Finds and creates rooms by id, whether they are open on this worker or not."""

    def __init__(
        self,
        reader: RoomReader,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reader = reader
        self._store = reader.store
        self._settings = settings
        self.founders: list[Founder] = []
        """The features' shares in creating a room; filled before the first room is created."""
        self._lineup = Lineup(reader.store)
        self._scheduled = Scheduled(reader.store, settings.rooms.scheduled_per_host_max)
        self._list = RoomList(reader, self._lineup)
        self._left_out = LeftOut("its host's rooms")
        self._hosts: TTLCache[str, Host] = TTLCache(HOSTS_REMEMBERED_MAX, HOST_REMEMBERED_S, clock)

    async def create(self, who: Identity, body: RoomCreate) -> RoomView:
        """Create a room; the caller is its host, unless an admin names another."""
        if not who.role.at_least(Role.HOST) or not who.may_enter(body.room):
            raise CommandError("forbidden", "Only a host or an admin can create this room.")
        title = self.shown_title(body.title)
        for founder in self.founders:
            founder.must_be_free(body.room)
        must_be_ahead(body.scheduled)
        await must_be_zone(body.time_zone)
        host, name = who.user, who.name
        if who.role is Role.ADMIN and body.host is not None:
            host, name = body.host, plain_name(body.host_name or "") or body.host
        args = {
            "title": title,
            "host": host,
            "host_name": name,
            "scheduled": body.scheduled,
            "stream_url": body.stream_url or "",
            "embed_url": body.embed_url or "",
            "cover": body.cover or "",
            "draft": body.draft,
            "practice": body.practice,
            "time_zone": body.time_zone or "",
            "by": who.user,
        }
        await self._create_listed(host, body, args)
        return await self.read(body.room)

    def shown_title(self, title: str) -> str:
        """Return a room's title as it is shown. Raises CommandError if it can't be one."""
        return shown_text("title", title, self._settings.rooms.title_chars_max)

    async def _create_listed(self, host: str, body: RoomCreate, args: dict[str, Any]) -> None:
        """List the room, then create it. The lists may lie in other slots, so this is no single
        step. Readers skip an entry without a room, but a room in no list would never be swept."""
        room_id = body.room
        known = await asked(
            self._store.redis.hmget(self._keys.room(room_id, "room"), "phase", "draft", "practice")
        )
        exists, *hidden = known
        if exists and await self.host_of(room_id) != host:
            raise _is_there(room_id)
        # An own room may have been made by a copy of this request: its script knows.
        if not exists:
            hidden = [b"1" if body.draft or body.practice else b"0"]
            await self._scheduled.take_place(host, room_id)
        now = unix_ms()
        if b"1" in hidden:
            await asked(self._store.redis.zadd(self._keys.unlisted, {room_id: now}, nx=True))
        else:
            await self._list_room(room_id, created=now, scheduled=int(args["scheduled"]))
        await self._enlist(host, room_id, now)
        try:
            await self.make(host, room_id, args, body)
        except CommandError as exc:
            if exc.code == "conflict" and await self.host_of(room_id) != host:
                await self._delist(host, room_id)  # another host was faster
                await self._scheduled.free_place(host, room_id)
            raise
        if b"1" not in hidden:
            await self.note_start(room_id)  # by the clock of Redis, as the room has it
        for founder in self.founders:
            await founder.finish(host, room_id)

    async def _list_room(self, room_id: str, *, created: int, scheduled: int) -> None:
        # Its place before the list: a reader that sees a room without one looks for all of them.
        await self._lineup.enter(
            room_id, place_of("scheduled", created=created, scheduled=scheduled)
        )
        await asked(self._store.redis.zadd(self._keys.rooms, {room_id: created}, nx=True))

    async def make(
        self, host: str, room_id: str, args: dict[str, Any], wish: RoomCreate | None = None
    ) -> None:
        """Create a room without listing it. Raises CommandError `conflict` if it exists."""
        for founder in self.founders:
            args = {**await founder.begin(host, room_id, wish), **args}
        epoch = secrets.token_hex(8)
        await self._store.run_script("room_create", room_id, args | {"epoch": epoch}, _ANY)
        # A new room sleeps under its epoch. It is awake for a while, so that what looks at rooms,
        # such as the archive, learns of it; if this fails, the next full lap wakes it.
        with contextlib.suppress(CommandError):
            await self._store.wake_from(room_id, epoch)

    async def list_draft(self, room_id: str) -> None:
        """List a draft, before it becomes public; a practice room stays in no list. Until then
        readers skip it. Raises CommandError."""
        key = self._keys.room(room_id, "room")
        found = await asked(self._store.redis.hmget(key, "draft", "practice", *_TIMES))
        draft, practice, *times = found
        if draft == b"1" and practice != b"1":
            created, scheduled = (int(time or 0) for time in times)
            await self._list_room(room_id, created=created, scheduled=scheduled)

    async def note_public(self, room_id: str) -> None:
        """Take a room that is listed out of the list of those that are not."""
        if await asked(self._store.redis.zscore(self._keys.rooms, room_id)) is not None:
            await asked(self._store.redis.zrem(self._keys.unlisted, room_id))

    async def note_start(self, room_id: str) -> None:
        """Move a scheduled room in the list to where its new time is."""
        key = self._keys.room(room_id, "room")
        phase, *times = await asked(self._store.redis.hmget(key, "phase", *_TIMES))
        if phase == b"scheduled":
            created, scheduled = (int(time or 0) for time in times)
            place = place_of("scheduled", created=created, scheduled=scheduled)
            await self._lineup.move({room_id: place})

    async def rooms_of(self, host: str, most: int = -1) -> list[str]:
        """Return up to `most` ids (-1: all) of the host's list, newest first.

        A listed room may not exist, or may belong to another host.
        """
        key = self._keys.host(host, "rooms")
        end = -1 if most < 0 else most - 1
        return self._left_out.texts(await asked(self._store.redis.zrevrange(key, 0, end)))

    async def _enlist(self, host: str, room_id: str, created: int) -> None:
        """Add a room to its host's list, before it is created; `created` in ms."""
        key = self._keys.host(host, "rooms")
        await asked(self._store.redis.zadd(key, {room_id: created}, nx=True))

    async def _delist(self, host: str, room_id: str) -> None:
        """Remove a room from the host's list because another host created it first."""
        await asked(self._store.redis.zrem(self._keys.host(host, "rooms"), room_id))

    async def read(self, room_id: str) -> RoomView:
        """Return the snapshot that a joining viewer would see."""
        state, _ = await self._reader.read(room_id)
        return state.view()

    async def state(self, room_id: str) -> tuple[RoomState, int]:
        """Read a copy of a room and the time of the reading (Unix ms by the clock of Redis)."""
        return await self._reader.read(room_id)

    async def part(self, room_id: str, kind: type[P]) -> P:
        """Read a feature's part of a room."""
        state, _ = await self._reader.read(room_id)
        return state.part(kind)

    async def must_be_here(self, room_id: str) -> None:
        """Bring a room back that left Redis. Raises CommandError."""
        await asked(self._store.must_be_here(room_id))

    async def is_moderator(self, room_id: str, user: str) -> bool:
        """Whether the host of the room made this user a moderator. Raises CommandError."""
        key = self._keys.room(room_id, "moderators")
        return bool(await asked(self._store.redis.hexists(key, user)))

    async def is_staff(self, who: Identity, room_id: str) -> bool:
        """Whether somebody may do what moderators of a room may: by their token, or because its
        host made them one. Raises CommandError."""
        if holds(who, Role.MODERATOR, room_id, await self.host_of(room_id)):
            return True
        is_user = who.role is not Role.GUEST and who.may_enter(room_id)
        return is_user and await self.is_moderator(room_id, who.user)

    async def newest(self, offset: int = 0, count: int = PAGE_MAX) -> list[RoomView]:
        """Return rooms, newest first, without their contents. Fan groups are left out."""
        return await self._list.page(Order.NEWEST, offset, count)

    async def live_first(self, offset: int = 0, count: int = PAGE_MAX) -> list[RoomView]:
        """The same rooms, live ones first, then the next to start, then the last that ended."""
        return await self._list.page(Order.LIVE_FIRST, offset, count)

    async def note_phase(self, room_id: str, phase: Phase, at: int) -> None:
        """Move a room in that order: it is, or is about to be, in a phase since `at` (ms)."""
        await self._lineup.move({room_id: place_of(phase, started=at, ended=at)})

    async def note_not_waiting(self, room_id: str) -> None:
        """Give back the place that a room had among those of its host that wait."""
        await self._scheduled.free_place(await self.host_of(room_id), room_id)

    async def page_as_json(self, order: Order, offset: int, count: int) -> bytes:
        """A page in either order in JSON, encoded once for all who ask at the same time."""
        return await self._list.page_as_json(order, offset, count)

    async def page_after(self, phase: Phase | None, cursor: str, count: int) -> RoomsPage:
        """A page of the lineup, of one phase or of all, after a place that an earlier page named.
        Raises CommandError `bad_message` for a cursor that none named."""
        return await self._list.page_after(phase, cursor, count)

    async def page_after_as_json(self, phase: Phase | None, cursor: str, count: int) -> bytes:
        """The same in JSON, encoded once for all who ask at the same time."""
        return await self._list.page_after_as_json(phase, cursor, count)

    async def host_of(self, room_id: str) -> str:
        """Return the room's host, which is fixed when the room is created."""
        return (await self.host_in(room_id)).user

    async def host_in(self, room_id: str) -> Host:
        """Return the room's host with the name that the room shows, fixed like the host."""
        host, _ = await self._read_host(room_id)
        return host

    async def _read_host(self, room_id: str) -> tuple[Host, bool]:
        """A room's host, and whether it is a draft. A draft is read each time: it becomes public,
        which a public room does not undo."""
        host = self._hosts.get(room_id)
        if host is not None:
            return host, False
        key = self._keys.room(room_id, "room")
        user, name, draft = await asked(self._store.redis.hmget(key, "host", "host_name", "draft"))
        if user is None:
            raise CommandError("not_found", f"There is no room `{room_id}`; check its id.")
        host = Host(user.decode(), (name or user).decode())
        if draft != b"1":
            self._hosts[room_id] = host
        return host, draft == b"1"

    def may_be_draft(self, room_id: str) -> bool:
        """Whether the store must be asked if a room is a draft."""
        return room_id not in self._hosts

    async def is_draft(self, room_id: str) -> bool:
        """Whether a room is a draft; False if there is no such room. Raises CommandError."""
        try:
            _, draft = await self._read_host(room_id)
        except CommandError as error:
            if error.code == "not_found":
                return False
            raise
        return draft

    @property
    def _keys(self) -> Any:
        return self._store.keys


def must_be_ahead(scheduled: int) -> None:
    """Refuse a start that is over already. Raises CommandError."""
    if 0 < scheduled < unix_ms() - CLOCKS_APART_MS_MAX:
        raise CommandError(
            "bad_message",
            f"`scheduled` is {scheduled}, which is in the past: give a time to come in ms "
            "since 1970, or leave it out.",
        )


def _is_there(room_id: str) -> CommandError:
    return CommandError("conflict", f"There is already a room `{room_id}`; choose another id.")
