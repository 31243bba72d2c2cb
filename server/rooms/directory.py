"""The list of rooms: created, found, and who hosts which."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec

from server.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.commands import RoomCreate
from server.protocol.models import RoomView
from server.protocol.roles import Role
from server.rooms.community.group_ids import PREFIX, group_id, is_group, recent_comments_max
from server.rooms.community.hosts import Hosts, asked
from server.rooms.listing import PAGE_MAX, RoomList
from server.rooms.plain_text import plain_text, shown_text
from server.rooms.state import ANSWERS_MAX, LOADED, RoomState
from server.settings import Settings
from server.store.scripts import Scripts

_ANY = msgspec.msgpack.Decoder(Any)

HOSTS_REMEMBERED_MAX = 10_000
HOST_REMEMBERED_S = 60.0
"""A room that Redis lost may be made anew, by another host."""
CLOCKS_APART_MS_MAX = 60_000
"""How far in the past a room may be scheduled: the clock of who asks may be slow."""


class Directory:
    """Rooms by id, whether open on this worker or not."""

    def __init__(
        self,
        scripts: Scripts,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scripts = scripts
        self._settings = settings
        self.hosts = Hosts(scripts, settings)
        self._list = RoomList(scripts)
        self._clock = clock
        self._hosts: dict[str, tuple[str, float]] = {}

    async def create(self, who: Identity, body: RoomCreate) -> RoomView:
        """Make a room; the caller is its host, unless an admin names another."""
        if not who.role.at_least(Role.HOST) or not who.may_enter(body.room):
            raise CommandError("forbidden", "Only a host or an admin can create this room.")
        title = shown_text("title", body.title, self._settings.rooms.title_chars_max)
        if is_group(body.room):
            raise CommandError(
                "forbidden",
                f"Room ids that begin with `{PREFIX}` are for fan groups: "
                "make one with `PUT /v1/hosts/{host}/group`.",
            )
        _must_be_ahead(body.scheduled)
        host, name = who.user, who.name
        if who.role is Role.ADMIN and body.host is not None:
            host, name = body.host, plain_text(body.host_name or "") or body.host
        args = {
            "title": title,
            "host": host,
            "host_name": name,
            "scheduled": body.scheduled,
            "stream_url": body.stream_url or "",
            "embed_url": body.embed_url or "",
        }
        await self._create_listed(host, body.room, args)
        return await self.read(body.room)

    async def _create_listed(self, host: str, room_id: str, args: dict[str, Any]) -> None:
        """Lists are no room's state and may lie in other slots. They come first: an entry without
        a room is passed over, a room that is not listed would never be swept."""
        if await asked(self._scripts.redis.exists(self._keys.room(room_id, "room"))):
            raise _is_there(room_id)
        now = int(time.time() * 1000)
        await asked(self._scripts.redis.zadd(self._keys.rooms, {room_id: now}, nx=True))
        await self.hosts.enlist(host, room_id, now)
        group = await self.hosts.group_of(host)
        try:
            await self.make(host, room_id, args | {"group": "" if group is None else group.id})
        except CommandError as exc:
            if exc.code == "conflict" and await self.host_of(room_id) != host:
                await self.hosts.delist(host, room_id)  # another host was faster
            raise
        if group is None and await self.hosts.group_of(host) is not None:
            await self.name_group(host, room_id)  # it was made meanwhile

    async def make(self, host: str, room_id: str, args: dict[str, Any]) -> None:
        """Make a room or a fan group that is listed. CommandError `conflict` if it is there."""
        following = await self.hosts.follow(host, room_id, [])
        args |= {
            "followers": following.total,
            "as_of": following.as_of,
            "epoch": secrets.token_hex(8),
        }
        await self._scripts.run("room_create", room_id, args, _ANY)

    async def name_group(self, host: str, room_id: str) -> None:
        """Have a room of the host name the host's fan group."""
        events_max = self._settings.rooms.event_stream_len_max
        args = {"host": host, "group": group_id(host), "events_max": events_max}
        await self._scripts.run("room_group", room_id, args, _ANY)

    async def read(self, room_id: str) -> RoomView:
        """What a viewer who joins would see."""
        room, _ = await self.read_now(room_id)
        return room

    async def read_now(self, room_id: str) -> tuple[RoomView, int]:
        """The same, and when it was so (Unix ms by the clock of Redis)."""
        recent_max = recent_comments_max(self._settings, room_id)
        loaded = await self._scripts.run(
            "room_load", room_id, {"recent_max": recent_max, "answers_max": ANSWERS_MAX}, LOADED
        )
        return RoomState(loaded, recent_max).view(), loaded.now

    async def newest(self, offset: int = 0, count: int = PAGE_MAX) -> list[RoomView]:
        """Rooms, the newest first, without what is in them. No fan groups."""
        return await self._list.newest(offset, count)

    async def host_of(self, room_id: str) -> str:
        """The user who hosts the room; fixed when it was created."""
        host, until = self._hosts.get(room_id, ("", 0.0))
        if not host or self._clock() >= until:
            key = self._keys.room(room_id, "room")
            raw = await asked(self._scripts.redis.hget(key, "host"))
            if raw is None:
                raise CommandError("not_found", f"There is no room `{room_id}`; check its id.")
            if len(self._hosts) >= HOSTS_REMEMBERED_MAX:
                self._hosts.clear()
            host = raw.decode()
            self._hosts[room_id] = host, self._clock() + HOST_REMEMBERED_S
        return host

    @property
    def _keys(self) -> Any:
        return self._scripts.keys


def _must_be_ahead(scheduled: int) -> None:
    if 0 < scheduled < int(time.time() * 1000) - CLOCKS_APART_MS_MAX:
        raise CommandError(
            "bad_message",
            f"`scheduled` is {scheduled}, which is in the past: give a time to come in ms "
            "since 1970, or leave it out.",
        )


def _is_there(room_id: str) -> CommandError:
    return CommandError("conflict", f"There is already a room `{room_id}`; choose another id.")
