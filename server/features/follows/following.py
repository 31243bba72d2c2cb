"""Following a host, and reserving a place in a scheduled room.

Many users follow at the same moment, so requests that arrive while a script runs share the next
call. A follow takes two scripts: the first changes the host's keys, the second the room's. If a
worker dies in between, the host's log has the fact with the room's id, and the room shows an old
total until the next follow or the start (see `announcing`).
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from msgspec import Struct, msgpack

from server.features.circles.changes import Changes
from server.features.circles.hosts import Hosts
from server.features.circles.settings import CommunitySettings
from server.features.follows.messages import Follow, FollowOk, Reserve
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics


class _Outcome(Struct):
    """The outcome of one request of a batch."""

    total: int = 0
    err: str = ""
    msg: str = ""


_OUTCOMES = msgpack.Decoder(list[_Outcome])
_OUTCOME = msgpack.Decoder(_Outcome)

Wish = dict[str, Any]


class Changed(Protocol):
    """Hears of a change."""

    def __call__(self, room_id: str, user: str, *, follows: bool) -> None:
        """The user follows the host of the room from now on, or no longer."""


def _nobody_hears(room_id: str, user: str, *, follows: bool) -> None:
    del room_id, user, follows


class Following:
    """Takes `follow` and `reserve`. `host_of` names a room's host."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        hosts: Hosts,
        host_of: Callable[[str], Awaitable[str]],
        metrics: Metrics | None = None,
        changed: Changed = _nobody_hears,
    ) -> None:
        """`changed` hears who follows from now on, or no longer."""
        self._store = store
        self._changed = changed
        self._hosts = hosts
        self._host_of = host_of
        self._limits = settings.section(CommunitySettings)
        self._changes = Changes(settings)
        self._events_max = settings.rooms.event_stream_len_max

        def batches(
            script: str, run: Callable[[str, list[Wish]], Awaitable[list[_Outcome]]]
        ) -> GroupCommit[Wish, _Outcome]:
            return GroupCommit(
                script,
                run,
                metrics,
                batch_max=self._limits.batch_max,
                waiting_max=self._limits.batch_waiting_max,
            )

        self._follows = batches("circles.follow_host", self._follow)
        self._reservations = batches("follows.reserve", self._reserve)

    def handlers(self) -> Handlers:
        """The commands of this module."""
        return {
            Follow: Handler(self.follow, Role.VIEWER),
            Reserve: Handler(self.reserve, Role.VIEWER),
        }

    async def follow(self, call: Call, cmd: Follow) -> Ok:
        """Follow or unfollow the room's host; `ok` carries the number of followers."""
        if call.who.user == await self._host_of(call.room_id):
            raise CommandError(
                "conflict", "You are the host of this room: nobody follows themselves."
            )
        wish = {"user": call.who.user, "on": cmd.on}
        self._changes.must_not_flood("follow", call.who.user)
        ok = _ok(cmd.ref, await self._follows.submit(call.room_id, wish))
        self._changed(call.room_id, call.who.user, follows=cmd.on)
        return ok

    async def reserve(self, call: Call, cmd: Reserve) -> Ok:
        """Reserve a place, or give it back; `ok` carries the number of reservations."""
        if call.who.user == await self._host_of(call.room_id):
            raise CommandError(
                "conflict", "You are the host of this room; it can't start without you."
            )
        wish = {"user": call.who.user, "on": cmd.on}
        self._changes.must_not_flood("reserve", call.who.user)
        return _ok(cmd.ref, await self._reservations.submit(call.room_id, wish))

    async def refresh(self, room_id: str) -> None:
        """Update the number of followers that a room shows."""
        await self._follow(room_id, [])

    async def _follow(self, room_id: str, wishes: list[Wish]) -> list[_Outcome]:
        followed = await self._hosts.follow(await self._host_of(room_id), room_id, wishes)
        facts = [
            wish | {"at": outcome.at}
            for wish, outcome in zip(wishes, followed.outcomes, strict=True)
            if outcome.changed
        ]
        args = {
            "follows": facts,
            "total": followed.total,
            "as_of": followed.as_of,
            "events_max": self._events_max,
        }
        shown = await self._store.run_script("follows.follow", room_id, args, _OUTCOME)
        return [_Outcome(shown.total, each.err, each.msg) for each in followed.outcomes]

    async def _reserve(self, room_id: str, wishes: list[Wish]) -> list[_Outcome]:
        args = {
            "wishes": wishes,
            "reserved_max": self._limits.reserved_max,
            "events_max": self._events_max,
        }
        return await self._store.run_script("follows.reserve", room_id, args, _OUTCOMES)


def _ok(ref: int, outcome: _Outcome) -> Ok:
    if outcome.err:
        raise CommandError(outcome.err, outcome.msg)
    return FollowOk(ref=ref, total=outcome.total)
