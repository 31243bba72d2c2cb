"""The bus on a Redis Cluster: sharded channels, and one connection per node that owns open rooms.

A room's channel is on the node that owns its keys. When the slot moves or the node fails, the bus
subscribes at the new owner, and tells the room's listener that messages may be lost.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Self

from redis.exceptions import MovedError, RedisError

from server.background.repeating import Errands, Repeating
from server.background.troubles import declare
from server.settings.sections import Bus as BusSettings
from server.store.bus import RECONNECT_S, Bus, BusDecoder, Listener, RoomBus
from server.store.cluster import Cluster, Node, slot_of
from server.store.keys import Keys
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""Interval of the check that each room's subscription is at its slot's owner. What a node itself
reports takes effect at once."""


def bus_on(
    redis: Any,
    keys: Keys,
    decoder: BusDecoder,
    settings: BusSettings,
    worker_id: str,
    metrics: Metrics,
) -> "RoomBus":
    """Make the bus for this kind of Redis; `decoder` decodes its messages."""
    kind = ClusterBus if isinstance(redis, Cluster) else Bus
    return kind(redis, keys, decoder, settings, worker_id, metrics)


class ShardLink(Bus):
    """The subscriptions at one node.

    `on_gone(room_id)` is called when the node ends a subscription that is still wanted; `on_moved`
    is called when it names another owner of a slot.
    """

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        decoder: BusDecoder,
        settings: BusSettings,
        name: str,
        metrics: Metrics,
        on_gone: Callable[[str], None],
        on_moved: Callable[[MovedError], None],
    ) -> None:
        super().__init__(redis, keys, decoder, settings, name, metrics)
        self._on_gone = on_gone
        self._on_moved = on_moved

    async def _follow(self, pubsub: Any, *channels: str) -> None:
        for channel in channels:  # one call may only name channels of one slot
            await pubsub.ssubscribe(channel)

    async def _leave(self, pubsub: Any, channel: str) -> None:
        await pubsub.sunsubscribe(channel)

    async def _next(self, pubsub: Any) -> Any:
        try:
            return await super()._next(pubsub)
        except MovedError as moved:
            self._on_moved(moved)
            return None

    def _on_message(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "pong":
                self._on_probe(message["data"])
            case "sunsubscribe":
                channel = message["channel"].decode()
                if channel in self._listeners:
                    self._on_gone(self._keys.room_of(channel))
            case "smessage":
                super()._on_message(message | {"type": "message"})
            case "ssubscribe":
                super()._on_message(message | {"type": "subscribe"})

    async def _probe(self) -> None:
        # A PING on the subscribed connection: a published probe would go to every node.
        if self._pubsub is not None:
            await self._try(self._pubsub.ping(repr(time.monotonic())))


class _Heard:
    """A subscribed room: its listener, its slot and its node."""

    __slots__ = ("listener", "node", "placed", "placing", "slot")

    def __init__(self, listener: Listener, slot: int) -> None:
        self.listener = listener
        self.slot = slot
        self.node: Node | None = None
        self.placed = asyncio.Event()
        self.placing: asyncio.Task[None] | None = None


class ClusterBus:
    """This worker's subscriptions on a Cluster. An async context manager, used as `Bus` is."""

    def __init__(
        self,
        cluster: Cluster,
        keys: Keys,
        decoder: BusDecoder,
        settings: BusSettings,
        worker_id: str,
        metrics: Metrics,
    ) -> None:
        self._cluster = cluster
        self._keys = keys
        self._decoder = decoder
        self._settings = settings
        self._worker_id = worker_id
        self._metrics = metrics
        self._rooms: dict[str, _Heard] = {}
        self._links: dict[Node, ShardLink] = {}
        self._watch = Repeating("cluster bus", self._look_after_links, LOOK_S)
        declare("bus reader", "bus watchdog")
        self._placings = Errands("cluster subscription", back_off_s=RECONNECT_S)

    @property
    def alive(self) -> bool:
        """Whether at least one node delivers messages; one dead shard must not stop the rest."""
        return not self._links or any(link.alive for link in self._links.values())

    async def __aenter__(self) -> Self:
        self._watch.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._watch.stop()
        await self._placings.aclose()
        for link in self._links.values():
            await link.__aexit__()

    async def subscribe(self, room_id: str, listener: Listener) -> None:
        """Listen to a room; return when its node has confirmed it.

        Raises TimeoutError if the node does not confirm within `watchdog_timeout_s`.
        """
        before = self._rooms.get(room_id)
        if before is not None and before.placing is not None:
            before.placing.cancel()
        heard = _Heard(listener, slot_of(self._keys.room(room_id, "bus")))
        self._rooms[room_id] = heard
        self._place_soon(room_id, heard)
        try:
            async with asyncio.timeout(self._settings.watchdog_timeout_s):
                await heard.placed.wait()
        except BaseException:
            await self.unsubscribe(room_id, listener)
            raise

    async def unsubscribe(self, room_id: str, listener: Listener) -> None:
        """Stop listening to a room; does nothing if another listener has replaced this one."""
        heard = self._rooms.get(room_id)
        if heard is None or heard.listener is not listener:
            return
        del self._rooms[room_id]
        if heard.placing is not None:
            heard.placing.cancel()
        await self._leave(room_id, heard)

    async def _leave(self, room_id: str, heard: _Heard) -> None:
        link = self._links.get(heard.node) if heard.node is not None else None
        if link is not None:
            await link.unsubscribe(room_id, heard.listener)

    # Following a room

    def _place_soon(self, room_id: str, heard: _Heard) -> None:
        if heard.placing is not None:
            heard.placing.cancel()
        heard.placing = self._placings.start(self._place(room_id, heard), room_id)

    async def _place(self, room_id: str, heard: _Heard) -> None:
        """Subscribe at the owner of the room; try until it succeeds."""
        while True:
            try:
                await self._leave(room_id, heard)
                heard.node = await self._owner(heard.slot)
                await self._link(heard.node).subscribe(room_id, heard.listener)
                break
            except Exception as error:
                pause_s = self._placings.troubles.failed(error, room_id)
                self._cluster.refresh_soon()
                await asyncio.sleep(pause_s)
        if heard.placed.is_set():
            heard.listener.maybe_lost()
        heard.placed.set()

    async def _owner(self, slot: int) -> Node:
        node = self._cluster.owner_of_slot(slot)
        if node is None:
            await self._cluster.refresh()
            node = self._cluster.owner_of_slot(slot)
        if node is None:
            raise RedisError(f"no node owns the slot {slot}")
        return node

    def _link(self, node: Node) -> ShardLink:
        link = self._links.get(node)
        if link is None:
            link = self._links[node] = ShardLink(
                self._cluster.client_of(node),
                self._keys,
                self._decoder,
                self._settings,
                f"{self._worker_id}@{node}",
                self._metrics,
                self._on_gone,
                self._on_moved,
            )
            link.start()
        return link

    def _on_gone(self, room_id: str) -> None:
        self._cluster.refresh_soon()
        if (heard := self._rooms.get(room_id)) is not None:
            self._place_soon(room_id, heard)

    def _on_moved(self, moved: MovedError) -> None:
        self._cluster.moved(moved)
        self._look()

    def _look(self) -> None:
        """Move the subscription of every room whose slot has a new owner."""
        for room_id, heard in self._rooms.items():
            owner = self._cluster.owner_of_slot(heard.slot)
            if heard.node is not None and owner is not None and owner != heard.node:
                log.info("The room %s moves from %s to %s.", room_id, heard.node, owner)
                self._place_soon(room_id, heard)

    async def _look_after_links(self) -> None:
        if any(not link.alive for link in self._links.values()):
            self._cluster.refresh_soon()
        self._look()
        used = {heard.node for heard in self._rooms.values()}
        for node in [node for node in self._links if node not in used]:
            await self._links.pop(node).__aexit__()
