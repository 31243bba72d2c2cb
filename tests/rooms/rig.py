"""The rooms of one worker without its edge: what is joined here is a note-taking member."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, Self, cast

import msgspec
from redis.asyncio import Redis

from server.access.auth import Identity
from server.features.asks.asks import Asks
from server.features.follows.announcing import Announcer
from server.features.follows.news import News
from server.features.groups.groups import Groups
from server.features.presence.presence import Presence
from server.features.shelf.messages import Product, ProductInput, ShelfPut
from server.features.visits.visits import Visits
from server.protocol.codes import Close
from server.protocol.joining import Join, Last
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call
from server.rooms.room import Room
from server.settings import Settings
from server.store.bus import Bus
from server.store.client import connect
from server.telemetry.metrics import Metrics
from server.worker import Worker
from tests.hub.listening import Message, Noter

ROOM = "r1"
CLOSED_S_MAX = 30
HOST = Identity("h1", "Mei", Role.HOST)
_ANY = msgspec.msgpack.Decoder(Any)


class Guest(Noter):
    """Somebody in a room: the reply to the join, then what was heard."""

    def __init__(self, user: str, *, exempt: bool = False, by_http: bool = False) -> None:
        super().__init__(user, exempt=exempt, by_http=by_http)
        self.room: Room
        self.entered = asyncio.Event()
        self.closed_with: Close | None = None
        self.closed = asyncio.Event()

    @property
    def joined(self) -> Message:
        return self.messages[0]

    @property
    def heard(self) -> list[Message]:
        return self.messages[1:]

    async def until(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Wait for such an event; all there were since the join."""
        while not any(map(wanted, self.heard)):
            self.notes.news.clear()
            await self.notes.news.wait()
        return self.heard

    async def until_closed(self) -> None:
        """Wait until the worker has closed this connection; TimeoutError if it never does."""
        async with asyncio.timeout(CLOSED_S_MAX):
            await self.closed.wait()

    def enter(self, room: Room) -> None:
        self.room = room
        self.entered.set()

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        self.closed_with, self.transport = why, None
        self.closed.set()


class Rig:
    """The rig: one worker without sockets; its bus, its rooms, its commands."""

    def __init__(self, redis: Redis, settings: Settings, worker_id: str) -> None:
        self.redis = redis
        self.settings = settings
        metrics = Metrics()
        self.worker = Worker(
            redis, settings, worker_id=worker_id, metrics=metrics, random=Random(1)
        )
        self.metrics = metrics
        self.store = self.worker.store
        self.bus = cast("Bus", self.worker.bus)
        self.directory = self.worker.directory
        self.dispatch = self.worker.dispatch
        self.rooms = self.worker.rooms
        self.asks: Asks = cast("Asks", self.taker(Asks))
        [self.visits] = cast("list[Visits]", self.worker.visits)
        self.news: News = cast("News", self.task(News))
        self.announcer: Announcer = self.worker.running["follows"].it
        self.groups: Groups = self.worker.running["groups"].it
        self.presence: Presence = self.worker.running["presence"].it

    def taker(self, kind: type[Any]) -> Any:
        """What takes commands in this worker, by its class."""
        takers = [taker for each in self.worker.running.values() for taker in each.takes]
        return next(taker for taker in takers if isinstance(taker, kind))

    def task(self, kind: type[Any]) -> Any:
        """What this worker does again and again, by its class. It does not run here by itself."""
        tasks = [task for each in self.worker.running.values() for task in each.tasks]
        return next(task for task in tasks if isinstance(task, kind))

    async def __aenter__(self) -> Self:
        await self.worker.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.worker.__aexit__()

    @property
    def room(self) -> Room:
        """The open room ROOM."""
        room = self.rooms.get(ROOM)
        assert room is not None
        return room

    def open_room(self, room_id: str) -> Room | None:
        """The room if it is open here."""
        return self.rooms.get(room_id)

    async def join(
        self,
        user: str,
        *,
        role: Role = Role.VIEWER,
        last: Last | None = None,
        room_id: str = ROOM,
        by_http: bool = False,
    ) -> Guest:
        """Come into a room; returns when the join is answered. Raises CommandError."""
        guest = Guest(user, exempt=role.at_least(Role.MODERATOR), by_http=by_http)
        who = Identity(user, user.title(), role)
        await self.rooms.join(guest, who, room_id, Join(ref=1, last=last), guest.enter)
        await guest.entered.wait()
        return guest

    def leave(self, guest: Guest) -> None:
        guest.transport = None
        self.rooms.left(guest.room, guest)

    async def do(self, cmd: Command, who: Identity = HOST, room_id: str = ROOM) -> Ok:
        """Run a command in a room. Raises CommandError."""
        return await self.dispatch.run_command(Call(room_id, who), cmd)

    async def script(self, script: str, /, **args: Any) -> Any:
        """Run a script on ROOM."""
        return await self.store.run_script(script, ROOM, {"events_max": 1000} | args, _ANY)

    async def create(self, *, live: bool = True, shelf: Sequence[Product] = ()) -> None:
        """Make ROOM, live: its seq is 1. Else it is scheduled, and its seq 0."""
        await self.script(
            "room_create",
            title="Tea",
            host=HOST.user,
            host_name=HOST.name,
            scheduled=0,
            epoch="e1",
            shelf=msgspec.to_builtins(shelf),
        )
        if live:
            await self.script("phases.set", phase="live", user=HOST.user)

    async def notice(self, text: str = "") -> None:
        """A must-event."""
        await self.script("notices.put", text=text)

    async def say(self, *names: str, user: str = "u1") -> None:
        """Comments in one batch; their texts are their ids."""
        comments = [
            {"id": name, "user": user, "name": user, "role": "viewer", "text": name}
            for name in names
        ]
        await self.script("comments.add", comments=comments, recent_max=50)

    def key(self, name: str) -> str:
        return self.store.keys.room(ROOM, name)

    def cut(self) -> None:
        """Break the bus's connection."""
        self.bus._pubsub.connection._writer.transport.abort()

    def deafen(self) -> None:
        """From now on the room hears nothing of the bus; doubts still reach it."""
        self.room.heard = lambda message: None  # type: ignore[method-assign]  # until `listen`

    def listen(self) -> None:
        """Hear again, without having noticed anything."""
        del self.room.heard

    async def heard_all(self) -> None:
        """Wait until the bus has brought what was published so far."""
        probe = asyncio.Event()
        on_probe = self.bus._on_probe

        def note(data: bytes) -> None:
            on_probe(data)
            if data == sent:
                probe.set()

        sent = b"1.0"
        self.bus._on_probe = note  # type: ignore[method-assign]
        await self.redis.publish(self.bus._own_channel, sent)
        await probe.wait()
        del self.bus._on_probe


@asynccontextmanager
async def rig(settings: Settings, worker_id: str, url: str = "") -> AsyncIterator[Rig]:
    """One worker's rooms on the Redis of the settings."""
    redis = connect(url or settings.redis.url, settings.redis)
    assert isinstance(redis, Redis)
    try:
        # Reading the script files is part of the start, where blocking does no harm.
        async with await asyncio.to_thread(Rig, redis, settings, worker_id) as made:
            yield made
    finally:
        await redis.aclose()


def put_on_shelf(product: Product) -> ShelfPut:
    """The command that puts a product, as it is shown later, on the shelf."""
    shown = set(Product.__struct_fields__)  # `meta` is never shown
    fields = {
        name: getattr(product, name) for name in ProductInput.__struct_fields__ if name in shown
    }
    return ShelfPut(ref=1, product=ProductInput(**fields))
