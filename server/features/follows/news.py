"""Tells a worker's connected users that a room went live, or was cancelled, if they reserved or
follow the host.

All workers listen to one common channel of the bus. On a signal, a worker looks up all its
connected users among the room's reservations and the host's followers, and tells each user once.
The signal is repeated (see `announcing`), so a lost one does no harm and later arrivals hear it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal, Self

import msgspec

from server.background.repeating import Errands, Repeating
from server.features.circles.settings import CommunitySettings
from server.features.follows.announcing import NEWS
from server.features.follows.messages import AnnounceEvent, CalledOffEvent
from server.rooms.room import Room
from server.settings import Settings
from server.store.bus import BusMessage, RoomBus
from server.store.reading import asked
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)

Why = Literal["reserved", "follow"]
Piece = AnnounceEvent | CalledOffEvent

USERS_A_LOOK = 1000
SUBSCRIBE_AGAIN_S = (0.5, 2.0)
"""First and longest pause before subscribing to the news again."""


class _Piece:
    """One start or cancelling: the users looked up for it here, and the task for more."""

    __slots__ = ("event", "forget_at", "heard_again", "seen", "task")

    def __init__(self, event: Piece) -> None:
        self.event = event
        self.seen: set[str] = set()
        self.task: asyncio.Task[None] | None = None
        self.heard_again = False
        self.forget_at = 0.0


class News:
    """Listens for all of a worker's connections. An async context manager.

    `rooms()` are those open here.
    """

    def __init__(
        self,
        store: RoomStore,
        bus: RoomBus,
        settings: Settings,
        rooms: Callable[[], Iterable[Room]],
    ) -> None:
        self._store = store
        self._bus = bus
        self._rooms = rooms
        limits = settings.section(CommunitySettings)
        self._keep_s = 2 * limits.announce_repeats * limits.announce_repeat_s
        self._pieces: dict[str, _Piece] = {}
        self._subscribing = Repeating(
            "news subscription",
            self._subscribe,
            first_s=0.0,
            until_done=True,
            back_off_s=SUBSCRIBE_AGAIN_S,
        )
        self._telling = Errands("news")
        self._forgetting: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._subscribing.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._subscribing.stop()
        await self._telling.aclose()
        if self._forgetting is not None:
            self._forgetting.cancel()
        await self._bus.unsubscribe(NEWS, self)

    async def _subscribe(self) -> None:
        try:
            await self._bus.subscribe(NEWS, self)
        except TimeoutError:
            raise TimeoutError("The news are not heard: the bus does not answer.") from None

    # What the bus tells

    def heard(self, message: BusMessage[Any]) -> None:
        """Some room went live, or was cancelled."""
        for say in message.says:
            if isinstance(say.event, Piece):
                self._hear(say.event)

    def maybe_lost(self) -> None:
        """Do nothing: signals are not stored, but repeated for a while."""

    def _hear(self, event: Piece) -> None:
        piece = self._pieces.setdefault(event.room, _Piece(event))
        piece.forget_at = asyncio.get_running_loop().time() + self._keep_s
        if piece.task is None:
            piece.task = self._telling.start(self._tell(piece), event.room)
        else:
            piece.heard_again = True
        self._see_to_forgetting()

    def _see_to_forgetting(self) -> None:
        if self._forgetting is None and self._pieces:
            loop = asyncio.get_running_loop()
            self._forgetting = loop.call_later(self._keep_s, self._forget_old)

    def _forget_old(self) -> None:
        self._forgetting = None
        now = asyncio.get_running_loop().time()
        for room_id, piece in list(self._pieces.items()):
            if piece.task is None and piece.forget_at <= now:
                del self._pieces[room_id]
        self._see_to_forgetting()

    async def _tell(self, piece: _Piece) -> None:
        try:
            while True:
                piece.heard_again = False
                await self._tell_all(piece)
                if not piece.heard_again:
                    return
        finally:
            piece.task = None

    async def _tell_all(self, piece: _Piece) -> None:
        strangers = self._strangers(piece)
        told: Counter[str] = Counter()
        for part in _parts(strangers):
            whys = await self._whys(piece.event, [user for user, _ in part])
            for (user, rooms), why in zip(part, whys, strict=True):
                if why is not None:
                    event = msgspec.structs.replace(piece.event, why=why)
                    if not sum(room.tell(user, event) for room in rooms):
                        continue  # gone, maybe to another room: looked up again next time
                    told[why] += 1
                piece.seen.add(user)
        if told.total():
            args = {
                "told": {why: n for why, n in told.items() if n},
                "cancelled": isinstance(piece.event, CalledOffEvent),
            }
            await self._store.run_script("follows.announce_told", piece.event.room, args, _ANY)

    def _strangers(self, piece: _Piece) -> dict[str, list[Room]]:
        """Users here (with their rooms) not yet looked up, except those in the starting room."""
        here: dict[str, list[Room]] = {}
        for room in self._rooms():
            if room.room_id == piece.event.room:
                piece.seen.update(room.users())
            else:
                for user in room.users():
                    here.setdefault(user, []).append(room)
        return {user: rooms for user, rooms in here.items() if user not in piece.seen}

    async def _whys(self, event: Piece, users: list[str]) -> list[Why | None]:
        """The reason to tell each of `users`; None for users not to be told."""
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        cancelled = isinstance(event, CalledOffEvent)
        pipeline.hget(keys.room(event.room, "room"), "ended" if cancelled else "started")
        pipeline.hmget(keys.room(event.room, "called_off" if cancelled else "reserved"), users)
        pipeline.hmget(keys.host(event.host, "followers"), users)
        raw, places, follows = await asked(pipeline.execute())
        at = int(raw or 0)

        def before(since: bytes | None) -> bool:
            # Users who followed after the start have seen the room live; after the end, read of it.
            return since is not None and int(since) <= at

        return [
            "reserved" if before(place) else "follow" if before(follow) else None
            for place, follow in zip(places, follows, strict=True)
        ]


def _parts(people: dict[str, list[Room]]) -> Iterator[list[tuple[str, list[Room]]]]:
    left = iter(people.items())
    while part := list(islice(left, USERS_A_LOOK)):
        yield part
