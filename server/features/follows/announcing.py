"""Tells followers and users with a reservation that a room went live, or that it was cancelled.

Both put three kinds of steps into the room's `announcing`. Signals make all workers tell
their connected users at once (see `news`). Pages of users with a reservation, and pages of
followers, go into the ledger; the outbox posts them to a system that reaches absent users. One
script takes a step and stores the next one. If a worker dies between two steps, another worker's
sweeper continues.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Self

from msgspec import Struct, msgpack, to_builtins

from server.background.repeating import Errands
from server.features.circles.settings import CommunitySettings
from server.features.follows.messages import AnnounceEvent, CalledOffEvent
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgpack.Decoder(Any)

NEWS = "~news"
"""Replaces the room id in the name of the workers' common channel; no room can have this id."""

FORGET_MS_MIN = 1000
"""Least time until it is tried again to forget who had a place, while some are not told."""


class _Due(Struct):
    steps: list[str]
    title: str
    host: str
    host_name: str
    at: int
    """When the room started, or was cancelled (Unix ms)."""
    cancelled: bool = False
    reason: str = ""


class _Page(Struct):
    next: str
    server: str
    flat: list[str]


class _Step(Struct):
    done: bool


_DUE = msgpack.Decoder(_Due)
_PAGE = msgpack.Decoder(_Page)
_STEP = msgpack.Decoder(_Step)


class Announcer:
    """Takes the steps of a room's announcement. Inside its context `start` does so in a task.

    `refresh(room_id)` updates the number of followers that the room shows.
    """

    def __init__(
        self, store: RoomStore, settings: Settings, refresh: Callable[[str], Awaitable[None]]
    ) -> None:
        self._store = store
        self._limits = settings.section(CommunitySettings)
        self._refresh = refresh
        self._announcing = Errands("announcing")
        self._busy: set[str] = set()
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        await self._announcing.aclose()

    def start(self, room_id: str) -> None:
        """Take a room's due steps in a task, unless one is running here or has just failed."""
        may_try = self._announcing.troubles.may_try(room_id)
        if self._open and room_id not in self._busy and may_try:
            self._busy.add(room_id)
            task = self._announcing.start(self.announce(room_id), room_id)
            task.add_done_callback(lambda _: self._busy.discard(room_id))

    async def begin(self, room_id: str) -> int:
        """The same for the sweeper, which must not wait for it."""
        self.start(room_id)
        return 0

    async def announce(self, room_id: str) -> int:
        """Take all due steps; return how many were taken here.

        A step that can't be taken stops no other: its error is raised when all were tried. In a
        room that was deleted meanwhile there is nothing more to tell.
        """
        try:
            return await self._take_all(room_id)
        except CommandError as refused:
            if refused.code != "not_found":
                raise
            return 0

    async def _take_all(self, room_id: str) -> int:
        taken = 0
        failed: dict[str, Exception] = {}
        while True:
            due = await self._store.run_script("follows.announce_due", room_id, {}, _DUE)
            steps = [step for step in due.steps if step not in failed]
            if not steps:
                break
            for step in sorted(steps, reverse=True):  # signals first
                try:
                    if not await self._take(room_id, due, step):
                        return taken  # another worker took this step
                except CommandError:
                    raise  # the store does not answer
                except Exception as error:
                    failed[step] = error
                else:
                    taken += 1
        if failed:
            raise next(iter(failed.values()))
        return taken

    async def _take(self, room_id: str, due: _Due, step: str) -> bool:
        kind, _, place = step.partition(":")
        if kind == "signal":
            return await self._signal(room_id, due, int(place))
        if kind == "forget":
            return await self._step(
                room_id, due, step=step, next="", wait_ms=max(self._repeat_ms, FORGET_MS_MIN)
            )
        return await self._page(room_id, due, kind, place)

    async def _signal(self, room_id: str, due: _Due, sent: int) -> bool:
        """Signal all workers, before storing the step: twice is better than never."""
        if sent == 0 and not due.cancelled:
            await self._refresh(room_id)
        args = {"event": to_builtins(_news_of(room_id, due))}
        await self._store.run_script("follows.tell_news", NEWS, args, _ANY)
        sent += 1
        last = "forget" if due.cancelled else ""
        return await self._step(
            room_id,
            due,
            step=f"signal:{sent - 1}",
            next=last if sent >= self._limits.announce_repeats else f"signal:{sent}",
            wait_ms=self._repeat_ms,
        )

    async def _page(self, room_id: str, due: _Due, kind: str, place: str) -> bool:
        """Put a page of users into the ledger: of `kind` reserved or follow."""
        cursor, _, server = place.partition(":")
        args = {"cursor": cursor, "server": server, "count": self._limits.announce_page_users_max}
        if kind == "reserved":
            script = "follows.called_off_page" if due.cancelled else "circles.reserved_page"
            page = await self._store.run_script(script, room_id, args, _PAGE)
        else:
            page = await self._store.run_script("circles.followers_page", due.host, args, _PAGE)
        since = zip(page.flat[::2], page.flat[1::2], strict=True)
        return await self._step(
            room_id,
            due,
            step=f"{kind}:{place}",
            next="" if page.next == "0" else f"{kind}:{page.next}:{page.server}",
            wait_ms=0,
            why=kind,
            # Users who followed after the start have seen the room live.
            users=[user for user, at in since if int(at) <= due.at],
        )

    @property
    def _repeat_ms(self) -> int:
        return int(self._limits.announce_repeat_s * 1000)

    async def _step(self, room_id: str, due: _Due, **args: Any) -> bool:
        args["users_max"] = self._limits.announce_page_users_max
        args["cancelled"] = due.cancelled
        return (await self._store.run_script("follows.announce_step", room_id, args, _STEP)).done


def _news_of(room_id: str, due: _Due) -> AnnounceEvent | CalledOffEvent:
    about: Any = {
        "room": room_id,
        "title": due.title,
        "host": due.host,
        "host_name": due.host_name,
        "why": "follow",
    }
    if due.cancelled:
        return CalledOffEvent(**about, reason=due.reason)
    return AnnounceEvent(**about)
