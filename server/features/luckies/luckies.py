"""Lucky draws: a seed, committed to before anybody enters, determines the winners.

docs/lucky-draw.md explains how the seed gives the winners, and what that proves.
"""

import secrets
from collections.abc import AsyncIterator
from typing import Any

from msgspec import Struct, msgpack

from server.features.circles.belonging import Belonging
from server.features.luckies.messages import Lucky, LuckyDraw, LuckyEnter, LuckyOk, LuckyOpen
from server.features.luckies.settings import LuckySettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.reading import reading
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

ENTRANTS_PER_READ = 1000


class _Outcome(Struct):
    """The outcome of one entry of a batch."""

    err: str = ""
    msg: str = ""


_LUCKY = msgpack.Decoder(Lucky)
_LUCKIES = msgpack.Decoder(list[Lucky])
_OUTCOMES = msgpack.Decoder(list[_Outcome])


class Luckies:
    """The commands about lucky draws. The scripts decide who enters and who wins."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        belonging: Belonging,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._limits = settings.section(LuckySettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._belonging = belonging
        self.entries: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "luckies.enter",
            self._add,
            metrics,
            batch_max=settings.section(LuckySettings).batch_max,
            waiting_max=settings.section(LuckySettings).batch_waiting_max,
            interval_s=settings.bus.publish_interval_ms / 1000,
        )

    def handlers(self) -> Handlers:
        """The commands about lucky draws and who may send them."""
        return {
            LuckyOpen: Handler(self.open, Role.HOST),
            LuckyEnter: Handler(self.enter, Role.VIEWER),
            LuckyDraw: Handler(self.draw, Role.HOST),
        }

    async def open(self, call: Call, cmd: LuckyOpen) -> Ok:
        """Open a lucky draw; `ok` carries it, with the hash of its seed."""
        args = {
            "lucky": f"l{secrets.token_hex(6)}",
            "title": shown_text("title", cmd.title, self._limits.title_chars_max),
            "prizes": cmd.prizes,
            "audience": cmd.audience,
            "lasts_s": cmd.lasts_s,
            "seed": secrets.token_hex(16),
            "luckies_max": self._limits.luckies_max,
        }
        return await self._change("luckies.open", call, cmd.ref, args)

    async def draw(self, call: Call, cmd: LuckyDraw) -> Ok:
        """Draw the winners; `ok` carries the lucky draw with its seed."""
        return await self._change("luckies.draw", call, cmd.ref, {"lucky": cmd.lucky})

    async def enter(self, call: Call, cmd: LuckyEnter) -> Ok:
        """Enter; again is fine, and changes nothing."""
        who = call.who
        entry = {"lucky": cmd.lucky, "user": who.user, "name": who.name, "role": who.role.value}
        outcome = await self.entries.submit(call.room_id, entry)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg)
        return Ok(ref=cmd.ref)

    async def all(self, room_id: str) -> list[Lucky]:
        """The room's lucky draws, in the order they were opened."""
        return await self._store.run_script("luckies.all", room_id, {}, _LUCKIES)

    async def entrants(self, room_id: str, lucky: str) -> AsyncIterator[list[str]]:
        """Yield the entrants' ids in the order of their bytes, a portion at a time."""
        key = self._store.keys.room(room_id, "entered")
        start, end, skip = f"[{lucky}/", f"({lucky}0", len(lucky) + 1
        while True:
            found = await self._store.redis.zrangebylex(
                key, start, end, start=0, num=ENTRANTS_PER_READ
            )
            if not found:
                return
            yield [member.decode()[skip:] for member in found]
            start = "(" + found[-1].decode()

    async def entrants_after(
        self, room_id: str, lucky: str, user: str, limit: int
    ) -> tuple[list[str], str | None]:
        """At most `limit` entrants after a user, '' to begin; and the last of them if there are
        more."""
        key = self._store.keys.room(room_id, "entered")
        start, end = f"({lucky}/{user}" if user else f"[{lucky}/", f"({lucky}0"
        with reading():
            found = await self._store.redis.zrangebylex(key, start, end, start=0, num=limit + 1)
        users = [member.decode()[len(lucky) + 1 :] for member in found]
        return users[:limit], users[limit - 1] if len(users) > limit else None

    async def _change(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        lucky = await self._store.run_script(script, call.room_id, args, _LUCKY)
        return LuckyOk(ref=ref, lucky=lucky)

    async def _add(self, room_id: str, entries: list[dict[str, Any]]) -> list[_Outcome]:
        await self._belonging.mark(room_id, "lucky", entries)
        args = {
            "entries": entries,
            "entrants_max": self._limits.entrants_max,
            "events_max": self._events_max,
        }
        return await self._store.run_script("luckies.enter", room_id, args, _OUTCOMES)
