"""A scene: a crowd before so many workers, machines and shards, simulated for some seconds.

All workers are alike, so only two of many are simulated whole. Each of the others has its lanes, by
which its orders come to Redis; their comments come there as one stream of calls.
"""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from loadtest.simulation.clock import Clock, Guest, Then
from loadtest.simulation.relay import Relay
from loadtest.simulation.shard import ORDERS_PER_CALL_MAX, Lane, Shard, Told
from loadtest.simulation.worker import Seen, Worker
from server.cli.cadence import Cadence
from server.cli.costs import Costs
from server.cli.sizing import Limits

_WHOLE_MAX = 2
_ROUND_S = 0.1
RELAY_GATHERS_S = 0.05
"""How long a relay gathers the comments of its workers: assumed."""


@dataclass(frozen=True)
class Scene:
    """A load, and what it meets.

    `even` spaces comments evenly, as the benchmark does; else they come by chance. `relays`: one
    process a machine hears the bus for its workers, and stores their comments in one call a
    `RELAY_GATHERS_S`. `apart`: an order is told to its buyer's worker alone, and all others hear a
    few times a second how many units are left. `parts`: so many shards have the room's sales, and
    one more its comments; with 1, one shard has all. `drop_share` of the viewers breaks off at
    `drop_at_s`, to be back within `back_s`; `reads` is the share of them whose own orders are read.
    A shard with sales is away from `fails_at_s` for `away_s`. `by_load`: the tick follows the load.
    `one_core`: Redis has no core but that of the first worker.
    """

    viewers: int
    comments_per_s: float
    orders_per_s: float = 0.0
    workers: int = 1
    workers_per_machine: int = 7
    seconds: float = 4.0
    warm_s: float = 1.0
    even: bool = False
    relays: bool = False
    apart: bool = False
    parts: int = 1
    drop_share: float = 0.0
    drop_at_s: float = 1.0
    back_s: float = 2.0
    reads: float = 1.0
    fails_at_s: float = 1.0
    away_s: float = 0.0
    bus_gbit_per_s: float = 10.0
    by_load: bool = True
    one_core: bool = False
    limits: Limits = field(default_factory=Limits)
    costs: Costs = field(default_factory=Costs)

    @property
    def machines(self) -> int:
        """Machines for the workers."""
        return math.ceil(self.workers / self.workers_per_machine)

    @property
    def subscribers(self) -> int:
        """Who hears each message of the bus from Redis."""
        return self.machines if self.relays else self.workers


class Outcome(NamedTuple):
    """What came of it. Latencies are in milliseconds, of what was answered within the scene.

    The first four say how much of the fullest core or link the work would take: above 1, it is
    more than can be done, and the queue grows for as long as the scene lasts.
    """

    worker: float
    redis: float
    bus: float
    relay: float
    delivered: float
    """Comments delivered a second, by all workers."""
    cpu_us: float
    """A worker's CPU a delivered comment."""
    redis_us: float
    gbit_per_s: float
    """To viewers, by all workers."""
    comment_p50: float
    comment_p99: float
    order_p99: float
    join_p99: float
    comments: Sequence[tuple[float, float]]
    """When a comment was read, and the milliseconds from its due time."""
    orders: Sequence[tuple[float, float]]
    joins: Sequence[tuple[float, float]]

    @property
    def fullest(self) -> tuple[str, float]:
        """The station that is nearest to its end."""
        stations = {"workers": self.worker, "Redis": self.redis, "the bus' link": self.bus}
        stations["relays"] = self.relay
        return max(stations.items(), key=lambda item: item[1])


class _Spent(NamedTuple):
    """Seconds of work so far, by station; and what left the simulated workers."""

    workers: Sequence[float]
    shards: Sequence[float]
    links: Sequence[float]
    relays: Sequence[float]
    delivered: float
    bytes_out: float


def _store_orders(shard: Shard, batch: list[float], done: Then) -> None:
    shard.store(Told([], len(batch)), then=done)


class _Stage:
    """The parts of a scene, wired."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.scene, self.clock, self.seen = scene, Clock(), Seen()
        self.chance = random.Random(seed)
        costs, gbit = scene.costs, scene.bus_gbit_per_s
        told_of_orders = 1 if scene.apart else scene.subscribers
        self.shards = [
            Shard(self.clock, costs, scene.subscribers, told_of_orders, gbit)
            for _ in range(scene.parts + (scene.parts > 1))
        ]
        self.selling = self.shards[-scene.parts :]
        whole = min(_WHOLE_MAX, scene.workers)
        each = round(scene.viewers / scene.workers)
        self.workers = [
            Worker(
                self.clock,
                costs,
                scene.limits,
                each,
                self.shards[0],
                self.selling,
                self.seen,
                self.chance,
                scene.reads,
                by_load=scene.by_load,
            )
            for _ in range(whole)
        ]
        if scene.one_core:
            for shard in self.shards:
                shard.core = Guest(self.clock, self.workers[0].core)
        self.others = scene.workers - whole
        self.lanes = [
            Lane(self.clock, partial(_store_orders, shard), batch_max=ORDERS_PER_CALL_MAX)
            for shard in self.selling
            for _ in range(self.others)
        ]
        self.relay: Relay | None = None
        local = min(scene.workers_per_machine, scene.workers)
        if scene.relays:
            self.relay = Relay(self.clock, costs, local)
            self.relay.listeners = [self._hear(worker) for worker in self.workers]
        for shard in self.shards:
            if self.relay is not None:
                shard.listeners = [self.relay.hear]
            else:
                shard.listeners = [self._hear(worker) for worker in self.workers]

    def _hear(self, worker: Worker) -> Callable[[Told], None]:
        share = 1 / self.scene.workers if self.scene.apart else None

        def hear(told: Told) -> None:
            worker.hear(told, None if share is None else told.orders * share)

        return hear

    def spent(self) -> _Spent:
        """Return what every station has done so far."""
        return _Spent(
            [worker.core.busy_s for worker in self.workers],
            [shard.core.busy_s for shard in self.shards],
            [shard.link.busy_s for shard in self.shards],
            [self.relay.core.busy_s] if self.relay else [],
            self.seen.delivered,
            sum(worker.bytes_out for worker in self.workers),
        )

    def begin(self) -> None:
        """Plan what comes from outside."""
        scene, mine = self.scene, len(self.workers) / self.scene.workers
        if scene.comments_per_s:
            self._repeat(scene.comments_per_s * mine, self._comment, even=scene.even)
            by_others = scene.comments_per_s * (1 - mine)
            cadence = Cadence.without_time(scene.viewers / scene.workers, scene.limits.hub)
            each = by_others / max(1, self.others)
            calls = self.others * cadence.batches_per_s(each, scene.limits.bus)
            if scene.relays:
                calls = min(calls, scene.machines / RELAY_GATHERS_S)
            if calls:
                extra = by_others / calls
                self._repeat(calls, lambda: self.shards[0].store(Told([]), extra))
        if scene.orders_per_s:
            self._repeat(scene.orders_per_s * mine, self._order)
            if self.others:
                self._repeat(scene.orders_per_s * (1 - mine), self._other_order)
        self.clock.after(_ROUND_S / 2, self._idle)
        if scene.drop_share:
            self.clock.at(scene.drop_at_s, self._drop)
        if scene.away_s:
            self.clock.at(scene.fails_at_s, self._fail)

    def _repeat(self, per_s: float, happen: Callable[[], object], *, even: bool = False) -> None:
        def again() -> None:
            happen()
            self.clock.after(1 / per_s if even else self.chance.expovariate(per_s), again)

        self.clock.after(1 / per_s / 2, again)

    def _idle(self) -> None:
        us = self.scene.workers * self.scene.costs.redis_idle_us_per_s * _ROUND_S
        for shard in self.shards:
            shard.core.serve(us / 1e6 / len(self.shards))
        self.clock.after(_ROUND_S, self._idle)

    def _comment(self) -> None:
        self.chance.choice(self.workers).comment(self.clock.now)

    def _order(self) -> None:
        self.chance.choice(self.workers).order(self.clock.now)

    def _other_order(self) -> None:
        self.chance.choice(self.lanes).enter(self.clock.now)

    def _drop(self) -> None:
        scene = self.scene
        for worker in self.workers:
            gone = round(worker.viewers * scene.drop_share)
            worker.viewers -= gone
            for _ in range(gone):
                at = self.clock.now + self.chance.uniform(0.25, scene.back_s)
                self.clock.at(at, worker.join, at)
        mine = len(self.workers) / scene.workers
        joins = scene.viewers * scene.drop_share * (1 - mine) * scene.reads / scene.parts
        steps = 1000
        each_s = joins / steps * scene.costs.redis_join_us / 1e6
        for n in range(steps if joins else 0):
            at = self.clock.now + 0.25 + (scene.back_s - 0.25) * n / steps
            for shard in self.selling:
                self.clock.at(at, shard.core.serve, each_s)

    def _fail(self) -> None:
        # Who bought meanwhile asks again with the same key, so that all come once it is back.
        self.selling[-1].core.stop_until(self.clock.now + self.scene.away_s)


def simulate(scene: Scene, seed: int = 1) -> Outcome:
    """Play a scene. The same seed gives the same outcome."""
    stage = _Stage(scene, seed)
    stage.begin()
    stage.clock.go_on_until(scene.warm_s)
    before = stage.spent()
    stage.clock.go_on_until(scene.warm_s + scene.seconds)
    return _outcome(stage, before, stage.spent())


def _outcome(stage: _Stage, before: _Spent, after: _Spent) -> Outcome:
    scene, seen = stage.scene, stage.seen
    per_worker = scene.workers / len(stage.workers) / scene.seconds

    def fullest(then: Sequence[float], now: Sequence[float]) -> float:
        return max((b - a for a, b in zip(then, now, strict=True)), default=0.0) / scene.seconds

    delivered = (after.delivered - before.delivered) * per_worker
    each = 1e6 / delivered if delivered else 0.0
    comments, orders, joins = (
        [(at, took * 1000) for at, took in them if at >= scene.warm_s]
        for them in (seen.comments, seen.orders, seen.joins)
    )
    return Outcome(
        worker=fullest(before.workers, after.workers),
        redis=fullest(before.shards, after.shards),
        bus=fullest(before.links, after.links),
        relay=fullest(before.relays, after.relays),
        delivered=delivered,
        cpu_us=(sum(after.workers) - sum(before.workers)) * per_worker * each,
        redis_us=(sum(after.shards) - sum(before.shards)) / scene.seconds * each,
        gbit_per_s=(after.bytes_out - before.bytes_out) * per_worker * 8 / 1e9,
        comment_p50=quantile_ms(comments, 0.5),
        comment_p99=quantile_ms(comments, 0.99),
        order_p99=quantile_ms(orders, 0.99),
        join_p99=quantile_ms(joins, 0.99),
        comments=comments,
        orders=orders,
        joins=joins,
    )


def quantile_ms(seen: Sequence[tuple[float, float]], q: float) -> float:
    """The q-quantile of the milliseconds; 0 if there are none."""
    if not seen:
        return 0.0
    in_turn = sorted(ms for _, ms in seen)
    place, rest = divmod(q * (len(in_turn) - 1), 1)
    next_one = in_turn[min(int(place) + 1, len(in_turn) - 1)]
    return in_turn[int(place)] * (1 - rest) + next_one * rest
