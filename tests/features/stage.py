"""Where a story is told: one worker acts, people watch at another, and each step is looked at."""

from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec

from server.access.auth import Identity
from server.features.ledger import ledger
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.stock.messages import Sale
from server.protocol.joining import Last
from server.protocol.message import Command
from server.protocol.roles import Role
from server.settings import Settings
from server.store.bus import BusDecoder, BusMessage
from tests.features.owners import differences, field_of
from tests.hub.listening import Message, settle
from tests.rooms.rig import HOST, ROOM, Guest, Rig, rig
from tests.stored import entries

ANN = Identity("ann", "Ann", Role.VIEWER)
BEN = Identity("ben", "Ben", Role.VIEWER)
WATCHERS = {"ann": Role.VIEWER, "ben": Role.VIEWER, "eve": Role.VIEWER, HOST.user: Role.HOST}
"""Who is in the room from the start. Eve only looks on."""
BY_HTTP = ("ben", "eve")
"""Those of them who hear by server-sent events; the others hear by WebSocket."""
MUG = ProductInput("mug", "Stone mug", 4900, "CNY", points=["soft glaze"])


class Watcher:
    """Somebody in the room, and for each step what they heard and what a newcomer is shown."""

    def __init__(self, guest: Guest, role: Role) -> None:
        self.guest = guest
        self.role = role
        self.steps: list[Message] = []
        """Each `{"step", "events", "fresh"}`; `fresh` is the reply to a join after the step."""
        self.resumed: list[Message] = []
        """Replies to joins that said where they stopped, one for each seq of the story."""
        self._heard = 0

    def news(self) -> list[Message]:
        """What was heard since the last time."""
        since, self._heard = self.guest.heard[self._heard :], len(self.guest.heard)
        return since

    def record(self) -> Message:
        """All of it, as a client can be fed with it."""
        return {
            "joined": self.guest.joined,
            "steps": self.steps,
            "resumed": self.resumed,
        }


class Ear:
    """Decodes what the bus of a worker brings; notes and leaves out what no feature declares."""

    def __init__(self, decoder: BusDecoder) -> None:
        self._decoder = decoder
        self.undeclared: list[str] = []

    def decode(self, data: bytes) -> BusMessage[Any]:
        """The message, without events that the house can't read."""
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError:
            message = msgspec.msgpack.decode(data)
            message["says"] = [say for say in message["says"] if self._reads(message, say)]
            return self._decoder.decode(msgspec.msgpack.encode(message))

    def _reads(self, message: Message, say: list[Any]) -> bool:
        try:
            self._decoder.decode(msgspec.msgpack.encode(message | {"says": [say]}))
        except msgspec.ValidationError as error:
            self.undeclared.append(f"`{say[-1].get('t')}` ({error})")
            return False
        return True


class Stage:
    """`here` is the worker that acts; at `there` the people of WATCHERS are in the live room ROOM.

    With `deaf` the worker of the people loses every bus message of each step, and is then told
    that it may have lost some.
    """

    def __init__(self, here: Rig, there: Rig, *, deaf: bool) -> None:
        self.here, self.there, self.deaf = here, there, deaf
        self._ear = Ear(there.bus._decoder)
        there.bus._decoder = cast("BusDecoder", self._ear)
        self.watchers: dict[str, Watcher] = {}
        self.succeeded: set[type[Command]] = set()
        self.faults: list[str] = []
        """What the worker's copy and a fresh read don't agree on, after which step."""

    async def people_come(self) -> None:
        """All of WATCHERS join at `there`."""
        for user, role in WATCHERS.items():
            guest = await self.there.join(user, role=role, by_http=user in BY_HTTP)
            self.watchers[user] = Watcher(guest, role)

    async def do(self, cmd: Command, who: Identity = HOST, room_id: str = ROOM) -> Any:
        """Run a command, as one step of the story; its reply."""
        done = await self.step(type(cmd).__name__, self.here.do(cmd, who, room_id))
        self.succeeded.add(type(cmd))
        return done

    async def step(self, name: str, doing: Coroutine[Any, Any, Any]) -> Any:
        """Do something, wait until everybody knows, and look whether everybody is right."""
        if self.deaf:
            self.there.deafen()
        try:
            done = await doing
        except BaseException:
            if self.deaf:
                self.there.listen()
            raise
        await self.here.asks.aclose()  # counted in batches, after the reply
        await self.there.heard_all()
        assert not self._ear.undeclared, (
            f"{name} tells what no feature declares: {', '.join(self._ear.undeclared)}."
        )
        if self.deaf:
            await self._notice()
        await settle(self.there.room.audience)
        self._compare(name, await self.there.directory.read(ROOM))
        await self._look_for_fork(name)
        for watcher in self.watchers.values():
            events = watcher.news()
            fresh = await self._as_fresh(self.there, watcher)
            watcher.steps.append({"step": name, "events": events, "fresh": fresh})
        return done

    async def _notice(self) -> None:
        room = self.there.room
        self.there.listen()
        room.maybe_lost()
        await room._fills.finish()

    async def _look_for_fork(self, step: str) -> None:
        """An event is equal as heard and as read again: else each look into the stream would seem
        to find another story there, and send everybody away."""
        room = self.there.room
        page = await room._stored.page(room.state.position)
        if room._has_forked(page):
            self.faults.append(f"{step} tells {room._newest}, and the stream has {page.here}")

    def _compare(self, step: str, fresh: Any) -> None:
        lost = ", its bus messages lost" if self.deaf else ""
        for name, ours, theirs in differences(self.there.room.state.view(), fresh):
            self.faults.append(
                f"{field_of(name)} after {step}{lost}: the worker's copy has {ours!r}, "
                f"a fresh read {theirs!r}"
            )

    async def _as_fresh(self, at: Rig, watcher: Watcher, last: Last | None = None) -> Message:
        by_http, user = watcher.guest.by_http, watcher.guest.user
        guest = await at.join(user, role=watcher.role, last=last, by_http=by_http)
        joined = guest.joined
        at.leave(guest)
        return joined

    async def resume_everywhere(self) -> None:
        """Everybody comes back from each seq of the story, to both workers."""
        for watcher in self.watchers.values():
            first, now = watcher.guest.joined, self.there.room.state.position.seq
            for seq in range(first["seq"], now + 1):
                for at in (self.there, self.here):
                    last = Last(first["epoch"], seq)
                    reply = await self._as_fresh(at, watcher, last)
                    watcher.resumed.append({"seq": seq, "reply": reply})

    def told(self) -> Iterator[str]:
        """The names of all events that anybody heard."""
        for watcher in self.watchers.values():
            yield from (event["t"] for event in watcher.guest.heard)

    async def lines(self) -> list[dict[str, Any]]:
        """The lines of all ledgers, each with its room and number, as others are told."""
        store, found = self.here.store, list[dict[str, Any]]()
        rooms = [
            room
            for of in (store.keys.rooms, store.keys.groups)
            for room in await store.redis.zrange(of, 0, -1)
        ]
        for room in rooms:
            async for part in ledger.read(store, room.decode()):
                found += [line | {"n": n, "room": room.decode()} for n, line in part]
        return found

    async def facts(self) -> list[tuple[str, bytes]]:
        """The kind of each fact of all rooms, and the fact as it is stored."""
        await self.there.visits.write()  # in portions, else
        redis, every = self.here.redis, self.here.store.keys.room("*", "timeline")
        keys = [key async for key in redis.scan_iter(match=every)]
        facts = [fact[b"e"] for key in keys for _, fact in entries(await redis.xrange(key))]
        return [(msgspec.msgpack.decode(fact)["k"], fact) for fact in facts]

    async def sale(self, stock: int = 3) -> Sale:
        """A mug is put on the shelf and on sale."""
        await self.do(ShelfPut(ref=1, product=MUG))
        terms = SaleOpen(ref=1, sku="mug", price=3900, stock=stock, per_user=3, hold_s=60)
        sale: Sale = (await self.do(terms)).sale
        return sale


@asynccontextmanager
async def stage_of(settings: Settings, *, scheduled: bool, deaf: bool) -> AsyncIterator[Stage]:
    """A stage whose room is live, or `scheduled`."""
    async with rig(settings, "w1") as here, rig(settings, "w2") as there:
        await here.create(live=not scheduled)
        stage = Stage(here, there, deaf=deaf)
        await stage.people_come()
        yield stage
