"""A client of a Redis Cluster with the interface of the client of a single Redis.

redis-py's own Cluster client is not used: it drops the connections to every node when one shard is
down, refuses commands when its connections are busy, and re-sends redirected commands of a pipeline
one by one, which separates WAIT from its write (docs/decisions/0030). Here each node has a plain
client; this module adds the slot map and handles the four answers that mean "not here" or "not
yet". A command with such an answer did not run and is sent again; a command whose answer was lost
is not.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, cast

from redis.asyncio import Redis
from redis.commands import AsyncCoreCommands
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from server.background.repeating import Errands
from server.store.troubles import Troubles

log = logging.getLogger(__name__)

PAUSE_S = 0.02
REFRESH_S_MIN = 0.2
"""Least time between two reads of the slot map."""
_STREAMS = ("STREAMS", b"STREAMS")
_KEYLESS = frozenset(
    ("CLIENT", "CLUSTER", "CONFIG", "INFO", "PING", "PUBLISH", "SCRIPT", "TIME", "WAIT", "WAITAOF")
)
_SUMMED = ("used_memory", "connected_clients", "instantaneous_ops_per_sec")


class Node(NamedTuple):
    """The address of a node of the Cluster."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Command(NamedTuple):
    """A command as redis-py makes it: its words, and the options for parsing its answer."""

    words: tuple[Any, ...]
    options: dict[str, Any]


class Cluster(AsyncCoreCommands):
    """Sends each command to the node that owns its key. Close it with `aclose()`.

    `connect` makes the client of one node. While a slot moves or has no owner, a command waits for
    it at most `patience_s`, then fails with the node's own error.
    """

    _event_dispatcher: Any = None  # the mixin requires the name; none of our commands uses it
    _is_async_client: Literal[True] = True  # tells the mixin's types that commands are awaited
    troubles: Troubles | None = None
    """The log of failures, shared by the nodes' clients."""

    def __init__(
        self, seeds: Sequence[Node], connect: Callable[[Node], Redis], patience_s: float
    ) -> None:
        self._seeds = tuple(seeds)
        self._connect = connect
        self._patience_s = patience_s
        self._clients: dict[Node, Redis] = {}
        self._owners: dict[int, Node] = {}
        self._reading: asyncio.Task[None] | None = None
        # A failure to read the map is expected here: commands that need it report it themselves.
        self._readings = Errands("cluster map", answered=(RedisError, OSError))
        self._read_at = float("-inf")

    async def aclose(self) -> None:
        """Close every connection."""
        await self._readings.aclose()
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    # Nodes

    def client_of(self, node: Node) -> Redis:
        """Return the client of one node; this object owns it."""
        if node not in self._clients:
            self._clients[node] = self._connect(node)
        return self._clients[node]

    def owner_of_slot(self, slot: int) -> Node | None:
        """Return the owner of a slot by the current map, without asking the Cluster."""
        return self._owners.get(slot)

    async def primaries(self) -> list[Node]:
        """Return the nodes that own slots."""
        if not self._owners:
            await self.refresh()
        return sorted(set(self._owners.values()))

    def moved(self, to: MovedError) -> None:
        """Update the map: a node said that another node now owns this slot."""
        if to.host:  # empty if the node does not know the other's address for clients
            self._owners[int(to.slot_id)] = Node(str(to.host), int(to.port))
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Read the slot map again, in the background."""
        if self._reading is None or self._reading.done():
            self._reading = self._readings.start(self._refresh())

    async def refresh(self) -> None:
        """Read the slot map again. Raises RedisError or OSError if no node returns it."""
        self.refresh_soon()
        assert self._reading is not None
        await asyncio.shield(self._reading)

    async def _refresh(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._read_at + REFRESH_S_MIN - loop.time()))
        error: Exception = ClusterDownError("CLUSTERDOWN no node of the Cluster is known")
        for node in self._informants():
            try:
                slots = await self._ask(node, "CLUSTER SLOTS")
            except (RedisError, OSError) as exc:
                error = exc
                continue
            self._owners = _owners(slots, node)
            self._read_at = loop.time()
            await self._forget_gone()
            return
        self._read_at = loop.time()
        raise error

    def _informants(self) -> list[Node]:
        known = list(self._clients)
        random.shuffle(known)  # an isolated node would return an old map for ever
        return known + [seed for seed in self._seeds if seed not in known]

    async def _forget_gone(self) -> None:
        keep = {*self._owners.values(), *self._seeds}
        for node in [node for node in self._clients if node not in keep]:
            await self._clients.pop(node).aclose()

    # Commands

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        """Run one command on the node that owns its key."""
        key = key_of(words)
        if key is None:
            return await self._anywhere(words, options)
        [answer] = (await self.run_chains([Chain(slot_of(key), [Command(words, options)])]))[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def pipeline(self, transaction: bool = False) -> "ClusterPipeline":
        """Make a pipeline; it sends the commands of one slot in order, on one connection.

        The keys of a transaction must all be of one slot.
        """
        return ClusterPipeline(self, transaction)

    async def info(  # type: ignore[override]  # the mixin's overloads promise no more
        self, *sections: str, **options: Any
    ) -> dict[str, Any]:
        """INFO for the Cluster: counts are summed over the primaries, the rest is one node's."""
        infos = await self._of_each("INFO", *sections, **options)
        whole = dict(infos[0])
        for name in _SUMMED:
            if name in whole:
                whole[name] = sum(info.get(name, 0) for info in infos)
        return whole

    async def _ask(self, node: Node, *words: Any, **options: Any) -> Any:
        client: Any = self.client_of(node)
        return await client.execute_command(*words, **options)

    async def _of_each(self, *words: Any, **options: Any) -> list[Any]:
        asked = (self._ask(node, *words, **options) for node in await self.primaries())
        answers = await asyncio.gather(*asked, return_exceptions=True)
        good = [answer for answer in answers if not isinstance(answer, BaseException)]
        if not good:
            raise cast("BaseException", answers[0])
        return good

    async def _anywhere(self, words: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Run a command on any node that answers, since one dead shard must not fail it."""
        error: Exception | None = None
        for node in await self.primaries():
            try:
                return await self._ask(node, *words, **options)
            except ResponseError:
                raise
            except (RedisError, OSError) as exc:
                self.refresh_soon()
                error = exc
        assert error is not None
        raise error

    async def run_chains(self, chains: Sequence["Chain"]) -> list[list[Any]]:
        """Run commands of many slots; return each chain's answers, with errors in their places."""
        if not self._owners:
            await self.refresh()
        together: dict[Node | None, list[int]] = {}
        for n, chain in enumerate(chains):
            if chain.slot is not None:
                together.setdefault(self._owners.get(chain.slot), []).append(n)
        answers: list[list[Any]] = [[] for _ in chains]

        async def at(node: Node | None, numbers: list[int]) -> None:
            commands = [command for n in numbers for command in chains[n].commands]
            flat = await self._send(node, commands)
            for n in numbers:
                size = len(chains[n].commands)
                answers[n] = await self._finish(chains[n], flat[:size])
                flat = flat[size:]

        async def anywhere(n: int) -> None:
            try:
                answers[n] = [await self._anywhere(*command) for command in chains[n].commands]
            except (RedisError, OSError) as error:
                answers[n] = [error] * len(chains[n].commands)

        loose = [n for n, chain in enumerate(chains) if chain.slot is None]
        await asyncio.gather(*map(anywhere, loose), *itertools.starmap(at, together.items()))
        return answers

    async def _finish(self, chain: "Chain", answers: list[Any]) -> list[Any]:
        """Follow redirections: send all commands again from the first that was not run."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while (n := _first_not_run(answers)) is not None and loop.time() < until:
            why, rest = answers[n], chain.commands[n:]
            if isinstance(why, MovedError):
                self.moved(why)
            elif isinstance(why, AskError):
                answers[n:] = await self._send(Node(str(why.host), int(why.port)), rest, ask=True)
                continue
            else:
                if isinstance(why, ClusterDownError):
                    self.refresh_soon()
                await asyncio.sleep(PAUSE_S)
            answers[n:] = await self._send(self._owners.get(cast("int", chain.slot)), rest)
        return answers

    async def transact(self, chain: "Chain") -> list[Any]:
        """Run commands as one transaction on their node; wait while the slot has no owner."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while True:
            try:
                return await self._transact(chain)
            except (AskError, TryAgainError, ClusterDownError) as why:
                if loop.time() >= until:
                    raise
                if isinstance(why, MovedError):
                    self.moved(why)
                else:
                    self.refresh_soon()
                    await asyncio.sleep(PAUSE_S)

    async def _transact(self, chain: "Chain") -> list[Any]:
        if not self._owners:
            await self.refresh()
        node = self._owners.get(cast("int", chain.slot))
        if node is None:
            raise _unserved()
        pipeline: Any = self.client_of(node).pipeline(transaction=True)
        for words, options in chain.commands:
            pipeline.execute_command(*words, **options)
        answers: list[Any] = await pipeline.execute()
        return answers

    async def _send(
        self, node: Node | None, commands: Sequence[Command], ask: bool = False
    ) -> list[Any]:
        """Return one answer per command; a lost connection makes each of them an error."""
        if node is None:
            return [_unserved()] * len(commands)
        try:
            if len(commands) == 1 and not ask:
                words, options = commands[0]
                return [await self._ask(node, *words, **options)]
            pipeline: Any = self.client_of(node).pipeline(transaction=False)
            for words, options in commands:
                if ask:
                    pipeline.execute_command("ASKING")
                pipeline.execute_command(*words, **options)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
            return answers[1::2] if ask else answers
        except ResponseError as error:
            return [error]
        except (RedisError, OSError) as error:
            self.refresh_soon()
            return [error] * len(commands)


class Chain(NamedTuple):
    """Commands of one slot, in order; slot None means that any node may answer."""

    slot: int | None
    commands: list[Command]


class ClusterPipeline(AsyncCoreCommands):
    """Gathers commands. A WAIT goes to the same node as the command before it."""

    _event_dispatcher: Any = None
    _is_async_client: Literal[True] = True

    def __init__(self, cluster: Cluster, transaction: bool) -> None:
        self._cluster = cluster
        self._transaction = transaction
        self._chains: dict[int | None, Chain] = {}
        self._places: list[tuple[int | None, int]] = []

    def execute_command(self, *words: Any, **options: Any) -> "ClusterPipeline":
        """Add a command."""
        key = key_of(words)
        slot = None if key is None else slot_of(key)
        if words[0] in ("WAIT", "WAITAOF") and self._places:
            slot = self._places[-1][0]
        chain = self._chains.setdefault(slot, Chain(slot, []))
        self._places.append((slot, len(chain.commands)))
        chain.commands.append(Command(words, options))
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Return the answers in the order of the commands; raise the first error if asked to."""
        if self._transaction:
            [chain], self._chains, self._places = self._chains.values(), {}, []
            return await self._cluster.transact(chain)
        ran = await self._cluster.run_chains(list(self._chains.values()))
        by_slot = dict(zip(self._chains, ran, strict=True))
        answers = [by_slot[slot][n] for slot, n in self._places]
        self._chains, self._places = {}, []
        if raise_on_error:
            for answer in answers:
                if isinstance(answer, Exception):
                    raise answer
        return answers


def key_of(words: Sequence[Any]) -> Any:
    """Return a command's first key, None if it has none; its other keys share the slot."""
    name = str(words[0]).split(maxsplit=1)[0].upper()
    if name in _KEYLESS:
        return None
    if name in ("XREAD", "XREADGROUP"):  # the words before the key are options
        return words[next(n for n, word in enumerate(words) if word in _STREAMS) + 1]
    return words[3] if name in ("EVAL", "EVALSHA") else words[1]


def slot_of(key: str | bytes) -> int:
    """Return the slot of a key or of a sharded channel."""
    return int(key_slot(key.encode() if isinstance(key, str) else key))


def _unserved() -> ClusterDownError:
    return ClusterDownError("CLUSTERDOWN Hash slot not served")


def _first_not_run(answers: Sequence[Any]) -> int | None:
    kinds = (AskError, TryAgainError, ClusterDownError)  # a MovedError is an AskError
    return next((n for n, answer in enumerate(answers) if isinstance(answer, kinds)), None)


def _owners(slots: list[Any], told_by: Node) -> dict[int, Node]:
    """Build the map from the answer to CLUSTER SLOTS, where a node may lack its own address."""
    owners = {}
    for first, last, (host, port, *_), *_replicas in slots:
        node = Node(host.decode() if host else told_by.host, int(port))
        owners.update(dict.fromkeys(range(first, last + 1), node))
    return owners
