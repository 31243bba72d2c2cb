"""The list of rooms: created, found, and who hosts which."""

import logging
import secrets
import time
from typing import Any

import msgspec
from redis.exceptions import RedisError

from server.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.commands import RoomCreate
from server.protocol.models import RoomView
from server.protocol.roles import Role
from server.rooms.state import ANSWERS_MAX, LOADED, RoomState
from server.settings import Settings
from server.store.scripts import UNAVAILABLE_RETRY_MS, Scripts

_log = logging.getLogger(__name__)
_ANY = msgspec.msgpack.Decoder(Any)

HOSTS_REMEMBERED_MAX = 10_000
PAGE_MAX = 100


class Directory:
    """Rooms by id, whether open on this worker or not."""

    def __init__(self, scripts: Scripts, settings: Settings) -> None:
        self._scripts = scripts
        self._settings = settings
        self._hosts: dict[str, str] = {}

    async def create(self, who: Identity, body: RoomCreate) -> RoomView:
        """Make a room; the caller is its host, unless an admin names another."""
        if not who.role.at_least(Role.HOST) or not who.may_enter(body.room):
            raise CommandError("forbidden", "Only a host or an admin can create this room.")
        if len(body.title) > self._settings.rooms.title_chars_max:
            raise CommandError(
                "too_long", f"`title` can have {self._settings.rooms.title_chars_max} characters."
            )
        host, name = who.user, who.name
        if who.role is Role.ADMIN and body.host is not None:
            host, name = body.host, body.host_name or body.host
        args = {
            "title": body.title,
            "host": host,
            "host_name": name,
            "scheduled": body.scheduled,
            "stream_url": body.stream_url or "",
            "embed_url": body.embed_url or "",
            "epoch": secrets.token_hex(8),
        }
        # The list is no room's state and may lie in another slot. It comes first: an entry without
        # a room is passed over, a room that is not listed would never be swept.
        entry = {body.room: int(time.time() * 1000)}
        await self._redis(self._scripts.redis.zadd(self._keys.rooms, entry, nx=True))
        await self._scripts.run("room_create", body.room, args, _ANY)
        return await self.read(body.room)

    async def read(self, room_id: str) -> RoomView:
        """What a viewer who joins would see."""
        recent_max = self._settings.rooms.recent_comments_max
        loaded = await self._scripts.run(
            "room_load", room_id, {"recent_max": recent_max, "answers_max": ANSWERS_MAX}, LOADED
        )
        return RoomState(loaded, recent_max).view()

    async def newest(self, offset: int = 0, count: int = PAGE_MAX) -> list[RoomView]:
        """Rooms, the newest first, without shelf, sales and comments."""
        if count == 0:
            return []  # ZREVRANGE would take the end -1 for the last of all
        last = offset + min(count, PAGE_MAX) - 1
        ids = await self._redis(self._scripts.redis.zrevrange(self._keys.rooms, offset, last))
        views = []
        for room_id in ids:
            try:
                view = await self.read(room_id.decode())
            except CommandError as exc:
                if exc.code == "not_found":
                    continue
                raise
            except msgspec.DecodeError as exc:
                # One room that can't be shown must not take all others with it.
                _log.warning("Room %s is left out of the list: %s.", room_id.decode(), exc)
                continue
            views.append(msgspec.structs.replace(view, shelf=[], sales=[], comments=[]))
        return views

    async def host_of(self, room_id: str) -> str:
        """The user who hosts the room; fixed when it was created."""
        host = self._hosts.get(room_id)
        if host is None:
            key = self._keys.room(room_id, "room")
            raw = await self._redis(self._scripts.redis.hget(key, "host"))
            if raw is None:
                raise CommandError("not_found", f"There is no room `{room_id}`; check its id.")
            if len(self._hosts) >= HOSTS_REMEMBERED_MAX:
                self._hosts.clear()
            host = self._hosts[room_id] = raw.decode()
        return host

    @property
    def _keys(self) -> Any:
        return self._scripts.keys

    async def _redis(self, command: Any) -> Any:
        try:
            return await command
        except (RedisError, OSError) as exc:
            raise CommandError(
                "unavailable",
                f"The store did not answer ({type(exc).__name__}).",
                UNAVAILABLE_RETRY_MS,
            ) from exc
