"""The bus between workers: one subscription per room with viewers here, and a watchdog.

redis-py reconnects and resubscribes silently, and pub/sub keeps no messages for subscribers that
were away. So three things mean "messages may be lost": a second confirmation of a subscription, a
probe that does not come back, and an error on the connection. The bus then notifies the listener of
every room, which compares its position with the room's stream.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import msgspec
from redis.exceptions import RedisError

from server.background.repeating import Repeating
from server.settings.sections import Bus as BusSettings
from server.store.keys import Keys
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

RECONNECT_S = (0.25, 1.0)
"""The first and the longest pause before a lost connection is replaced."""


class Position(NamedTuple):
    """A position in a room's event stream: `sub` counts the private events after `seq`."""

    seq: int
    sub: int


E = TypeVar("E")


class Say(msgspec.Struct, Generic[E], array_like=True, frozen=True):
    """One event on the bus: its position (0, 0 if it has none), and its user, '' for all."""

    seq: int
    sub: int
    user: str
    event: E


class BusMessage(msgspec.Struct, Generic[E], frozen=True):
    """All events of one script call, and the room's position before and after it.

    `left` lists users who no longer belong to this fan group; `gone` lists users whose
    connections must be closed. `deleted`: the room is no more.
    """

    epoch: str
    before: Position
    after: Position
    says: list[Say[E]]
    comments_after: int | None = None
    left: list[str] = []
    gone: list[str] = []
    deleted: bool = False


BusDecoder = msgspec.msgpack.Decoder[BusMessage[Any]]


class Listener(Protocol):
    """The methods that the bus calls on a room. Both are plain calls; the bus never waits."""

    def heard(self, message: BusMessage[Any]) -> None:
        """A message arrived."""

    def maybe_lost(self) -> None:
        """Messages may have been missed."""


class RoomBus(Protocol):
    """The bus as rooms use it: `Bus` on one Redis, `ClusterBus` on a Cluster."""

    @property
    def alive(self) -> bool:
        """Whether messages arrive."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...

    async def subscribe(self, room_id: str, listener: Listener) -> None:
        """Listen to a room. Raises TimeoutError if Redis does not confirm it in time."""

    async def unsubscribe(self, room_id: str, listener: Listener) -> None:
        """Stop listening to a room."""


class Bus:
    """This worker's subscriptions. An async context manager that runs the reader inside."""

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        decoder: BusDecoder,
        settings: BusSettings,
        worker_id: str,
        metrics: Metrics,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._settings = settings
        self._metrics = metrics
        self._own_channel = keys.worker(worker_id)
        self._listeners: dict[str, Listener] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: Any = None
        self._heard_at = 0.0
        self._decoder = decoder
        self._reader = Repeating(
            "bus reader", self._read_anew, first_s=0.0, endless=True, back_off_s=RECONNECT_S
        )
        self._watchdog = Repeating("bus watchdog", self._watch, settings.watchdog_interval_s)
        self.alive = False
        """Whether the last probe came back in time."""

    async def __aenter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start as entering the context does; the context must still be left."""
        self._reader.start()
        self._watchdog.start()

    async def __aexit__(self, *_: object) -> None:
        await self._reader.stop()
        await self._watchdog.stop()

    async def subscribe(self, room_id: str, listener: Listener) -> None:
        """Listen to a room; return when Redis has confirmed it.

        Raises TimeoutError if Redis does not confirm within `watchdog_timeout_s`.
        """
        channel = self._keys.room(room_id, "bus")
        self._listeners[channel] = listener
        confirmed = self._confirmed[channel] = asyncio.Event()
        try:
            async with asyncio.timeout(self._settings.watchdog_timeout_s):
                if self._pubsub is not None:
                    await self._try(self._follow(self._pubsub, channel))
                await confirmed.wait()
        except BaseException:
            await self.unsubscribe(room_id, listener)
            raise

    async def unsubscribe(self, room_id: str, listener: Listener) -> None:
        """Stop listening to a room; does nothing if another listener has replaced this one."""
        channel = self._keys.room(room_id, "bus")
        if self._listeners.get(channel) is not listener:
            return
        del self._listeners[channel], self._confirmed[channel]
        if self._pubsub is not None:
            await self._try(self._leave(self._pubsub, channel))

    async def _try(self, command: Awaitable[Any]) -> None:
        """Run a command and ignore its failure: the reader meets the error too and reconnects."""
        try:
            await command
        except (RedisError, OSError) as exc:
            log.debug("The bus connection failed: %s.", exc)

    async def _read_anew(self) -> None:
        """Read until the connection fails; then report that messages may be lost."""
        try:
            await self._read()
        finally:
            self.alive = False
            self._metrics.bus_losses.inc()
            for channel, listener in list(self._listeners.items()):
                self._tell(channel, listener.maybe_lost)

    async def _read(self) -> None:
        pubsub = self._redis.pubsub()
        try:
            channels = set(self._listeners)
            await pubsub.subscribe(self._own_channel)
            await self._follow(pubsub, *channels)
            self._pubsub = pubsub
            await self._follow(pubsub, *(set(self._listeners) - channels))
            await self._probe()
            self._heard_at = time.monotonic()
            while True:
                message = await self._next(pubsub)
                if message is not None:
                    self._on_message(message)
        finally:
            self._pubsub = None
            await pubsub.aclose()

    async def _follow(self, pubsub: Any, *channels: str) -> None:
        if channels:
            await pubsub.subscribe(*channels)

    async def _leave(self, pubsub: Any, channel: str) -> None:
        await pubsub.unsubscribe(channel)

    async def _next(self, pubsub: Any) -> Any:
        return await pubsub.get_message(timeout=None)

    def _on_message(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        if message["type"] == "message":
            if channel == self._own_channel:
                self._on_probe(message["data"])
            elif (listener := self._listeners.get(channel)) is not None:
                self._metrics.bus_messages.inc()
                self._hear(channel, listener, message["data"])
        elif message["type"] == "subscribe":
            confirmed = self._confirmed.get(channel)
            if confirmed is not None and confirmed.is_set():
                self._tell(channel, self._listeners[channel].maybe_lost)
            elif confirmed is not None:
                confirmed.set()

    def _hear(self, channel: str, listener: Listener, data: bytes) -> None:
        """Pass a message to its room; a failure counts as a lost message of that room only."""
        try:
            listener.heard(self._decoder.decode(data))
        except Exception as error:
            self._reader.troubles.failed(error, self._keys.room_of(channel))
            self._tell(channel, listener.maybe_lost)
        else:
            self._reader.troubles.works(self._keys.room_of(channel))

    def _tell(self, channel: str, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as error:
            self._reader.troubles.failed(error, self._keys.room_of(channel))

    def _on_probe(self, data: bytes) -> None:
        self._heard_at = time.monotonic()
        self._metrics.bus_lag_seconds.set(self._heard_at - float(data))
        self.alive = True
        self._reader.troubles.works()

    async def _watch(self) -> None:
        await self._probe()
        silent_s = time.monotonic() - self._heard_at
        pubsub = self._pubsub
        if pubsub is not None and silent_s > self._settings.watchdog_timeout_s:
            log.warning("The bus heard no probe for %.1f s; it reconnects.", silent_s)
            self.alive = False
            self._heard_at = time.monotonic()
            await self._cut(pubsub)

    async def _probe(self) -> None:
        try:
            await self._redis.publish(self._own_channel, repr(time.monotonic()))
        except (RedisError, OSError):
            self.alive = False

    async def _cut(self, pubsub: Any) -> None:
        """Close a connection that no longer delivers; the reader then fails and reconnects."""
        if pubsub.connection is not None:
            await self._try(pubsub.connection.disconnect())
