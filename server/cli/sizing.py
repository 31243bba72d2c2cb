"""Models what an event needs: workers, machines, memory, bandwidth, Redis shards.

The model adds up the costs of `costs`. docs/scaling.md shows results, and how far the model is from
what was measured.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from server.cli.cadence import IN_PASS, Cadence, calls_of_batch
from server.cli.costs import Busy, Costs, Stored, coldness
from server.features.presence.settings import PresenceSettings
from server.settings.sections import Bus, Edge, Hub


@dataclass(frozen=True)
class Event:
    """The expected load of the busiest second over all rooms; viewers are spread evenly over them.

    `orders_in_all` counts the orders of the whole event; 0 means that they come at the busiest rate
    through all its hours.
    """

    viewers: int
    comments_per_s: float
    orders_per_s: float
    rooms: int = 1
    hours: float = 2.0
    deflate: bool = True
    orders_in_all: int = 0
    apple: float = 0.4
    """Share of the viewers with Apple's WebSocket, to whom frames are not deflated."""


@dataclass(frozen=True)
class Machine:
    """One machine, and the shares of it that may be used."""

    cores: int = 8
    gbit_per_s: float = 10.0
    worker_cpu_max: float = 0.6
    """Share of a core; the rest handles the joins of a storm and keeps latency low."""
    redis_cpu_max: float = 0.5
    network_max: float = 0.6
    cores_spared: int = 1
    """Cores kept free for the kernel, the network and logins."""


@dataclass(frozen=True)
class Limits:
    """The settings that influence the load, with the server's defaults."""

    hub: Hub = field(default_factory=Hub)
    bus: Bus = field(default_factory=Bus)
    edge: Edge = field(default_factory=Edge)
    presence: PresenceSettings = field(default_factory=PresenceSettings)


class Load(NamedTuple):
    """The load with a given number of workers."""

    workers: int
    tick_ms: float
    worker_cpu: float
    fan_out_cpu: float
    viewers_per_worker: int
    redis_cpu: float
    redis_room_cpu: float
    bytes_per_s: float


class Size(NamedTuple):
    """What an event needs. `load` is at its busiest second; memory in bytes; back_s seconds."""

    event: Event
    load: Load
    machines: int
    worker_memory_bytes: float
    redis_shards: int
    redis_memory_bytes: float
    back_s: float
    warnings: list[str]


_ROUNDS = 40
"""So often cadence and work are computed from each other; they agree long before."""


def slow_cadence(event: Event, workers: int, limits: Limits) -> Cadence:
    """Return the cadence of workers that have no time to spare: so few as carry the event."""
    return Cadence.without_time(event.viewers / workers, limits.hub)


def cadence_now(event: Event, workers: int, limits: Limits, costs: Costs) -> Cadence:
    """Return the cadence of so many workers, which spend the time they have on latency."""
    cadence, viewers = slow_cadence(event, workers, limits), event.viewers / workers
    for _ in range(_ROUNDS):
        busy = busy_of(event, workers, limits, cadence)
        writing_us = costs.sum_us(busy.passing())
        member_s = IN_PASS * writing_us / 1e6 / max(1.0, busy.passes * viewers / event.rooms)
        rest = (costs.sum_us(busy.counts()) - writing_us) / 1e6
        next_cadence = Cadence.with_time(viewers, limits.hub, member_s, min(rest, 1.0))
        cadence = replace(next_cadence, tick_s=(cadence.tick_s + next_cadence.tick_s) / 2)
    return cadence


def busy_of(event: Event, workers: int, limits: Limits, cadence: Cadence) -> Busy:
    """Return what each of so many workers does in a second."""
    viewers = event.viewers / workers
    comments, orders = event.comments_per_s / event.rooms, event.orders_per_s / event.rooms
    online = 1 / limits.presence.presence_interval_s
    passes = cadence.passes_per_s(comments + orders + online)
    others = 1 - 1 / workers
    calls = _calls(event, workers, limits, cadence)
    return Busy(
        **frames_to(viewers, passes, limits.edge),
        shown=viewers * min(comments, limits.hub.sample_per_s_max or math.inf),
        comments=event.comments_per_s / workers,
        calls=calls / workers,
        comments_heard=event.comments_per_s * others,
        passes=passes * event.rooms,
        orders=event.orders_per_s / workers,
        orders_heard=event.orders_per_s * others,
    )


def frames_to(viewers: float, passes_per_s: float, edge: Edge) -> dict[str, float]:
    """Return `Busy.frames` and `Busy.cold` of so many passes over so many viewers. A ping and its
    pong cost as much as two frames."""
    each_per_s = passes_per_s + 2 / edge.ping_interval_s
    return {
        "frames": viewers * each_per_s,
        "cold": viewers * each_per_s * coldness(1 / each_per_s),
    }


def stored_of(event: Event, workers: int, limits: Limits, cadence: Cadence) -> Stored:
    """Return what Redis does in a second, all shards together."""
    calls = _calls(event, workers, limits, cadence)
    return Stored(
        workers=workers,
        comments=event.comments_per_s,
        calls=calls,
        orders=event.orders_per_s,
        handed_out=(calls + event.orders_per_s) * workers,
    )


def _calls(event: Event, workers: int, limits: Limits, cadence: Cadence) -> float:
    lanes = event.rooms * workers
    batches = lanes * cadence.batches_per_s(event.comments_per_s / lanes, limits.bus)
    if not batches:
        return 0.0
    return batches * calls_of_batch(event.comments_per_s / batches, lanes / batches)


def load_of(event: Event, workers: int, limits: Limits, costs: Costs, cadence: Cadence) -> Load:
    """Compute the load on each of so many workers, and on Redis."""
    busy = busy_of(event, workers, limits, cadence)
    stored = stored_of(event, workers, limits, cadence)
    redis_us = costs.sum_us(stored.counts())
    plain = event.apple if event.deflate else 1.0
    comment_bytes = plain * costs.comment_wire_bytes + (1 - plain) * costs.comment_deflated_bytes
    wire = workers * (busy.shown * comment_bytes + busy.frames * costs.packet_bytes)
    return Load(
        workers=workers,
        tick_ms=cadence.tick_s * 1000,
        worker_cpu=costs.sum_us(busy.counts()) / 1e6,
        fan_out_cpu=costs.sum_us(busy.writing()) / 1e6,
        viewers_per_worker=math.ceil(event.viewers / workers),
        redis_cpu=redis_us / 1e6,
        redis_room_cpu=redis_us / event.rooms / 1e6,
        bytes_per_s=wire,
    )


def size(
    event: Event,
    machine: Machine | None = None,
    limits: Limits | None = None,
    costs: Costs | None = None,
) -> Size:
    """Return the smallest number of workers that carries the event, and the other needs."""
    machine, limits, costs = machine or Machine(), limits or Limits(), costs or Costs()
    load = _smallest(event, machine, limits, costs)
    by_cores = math.ceil(load.workers / max(1, machine.cores - machine.cores_spared))
    network = machine.gbit_per_s * 1e9 / 8 * machine.network_max
    shards = max(1, math.ceil(load.redis_cpu / machine.redis_cpu_max))
    spare_us = max(1 - load.worker_cpu, 0.05) * 1e6
    return Size(
        event=event,
        load=load,
        machines=max(by_cores, math.ceil(load.bytes_per_s / network)),
        worker_memory_bytes=load.workers * costs.worker_bytes + event.viewers * costs.viewer_bytes,
        redis_shards=min(shards, event.rooms),
        redis_memory_bytes=orders_of(event) * costs.redis_order_bytes,
        back_s=load.viewers_per_worker * costs.join_us / spare_us,
        warnings=list(_warnings(load, machine)),
    )


def orders_of(event: Event) -> float:
    """Return the number of all orders of an event."""
    return event.orders_in_all or event.orders_per_s * 3600 * event.hours


WORKERS_MAX = 4096


def _smallest(event: Event, machine: Machine, limits: Limits, costs: Costs) -> Load:
    def with_workers(workers: int) -> Load:
        return load_of(event, workers, limits, costs, slow_cadence(event, workers, limits))

    workers = 1
    while workers < WORKERS_MAX:
        load = with_workers(workers)
        fits = load.worker_cpu <= machine.worker_cpu_max
        if fits and load.viewers_per_worker <= limits.edge.connections_max:
            break
        workers += 1
    return with_workers(workers)


def _warnings(load: Load, machine: Machine) -> Iterator[str]:
    if load.worker_cpu > machine.worker_cpu_max:
        yield (
            "No number of workers carries this, since each hears every comment and order: put the "
            "rooms on separate groups of workers, or slow them down."
        )
    if load.redis_room_cpu > machine.redis_cpu_max:
        yield (
            f"One room alone takes {load.redis_room_cpu:.0%} of a core of Redis, and a room lives "
            "on one shard: slow its comments (`slow`), or split the event over rooms."
        )


def explain(
    result: Size,
    machine: Machine | None = None,
    limits: Limits | None = None,
    *,
    rehearsed: bool = False,
) -> str:
    """Return the result as text for people, with its assumptions. `rehearsed` says that the costs
    are those of a rehearsal."""
    machine, limits = machine or Machine(), limits or Limits()
    event = result.event
    asked = (
        f"{event.viewers:,} viewers, {event.comments_per_s:,.0f} comments/s and "
        f"{event.orders_per_s:,.0f} orders/s in {_count(event.rooms, 'room')} need:"
    )
    notes = [f"  ! {warning}" for warning in result.warnings]
    assumed = [f"  - {each}" for each in _assumptions(result, machine, limits)]
    core = (
        "in the rehearsal" if rehearsed else "the one that was measured (docs/scaling.md): rehearse"
    )
    assumed.append(f"  - a core is as fast as {core}")
    return "\n".join([asked, *_rows(result, machine), *notes, "It is assumed that", *assumed])


def _assumptions(result: Size, machine: Machine, limits: Limits) -> Iterator[str]:
    event, load = result.event, result.load
    deflated = "deflated" if event.deflate else "not deflated"
    if event.deflate and event.apple:
        deflated += (
            f", but to {event.apple:.0%} of the viewers, who use Apple's WebSocket (--apple)"
        )
    shown = limits.hub.sample_per_s_max
    yield f"a viewer is shown at most {shown:g} comments/s; it is told how many were left out"
    yield f"a viewer is written to once a tick, {load.tick_ms:.0f} ms here"
    yield f"frames are {deflated}"
    yield (
        f"workers use {machine.worker_cpu_max:.0%} of their core, Redis "
        f"{machine.redis_cpu_max:.0%} of its, viewers {machine.network_max:.0%} of "
        f"{machine.gbit_per_s:g} Gbit/s"
    )
    yield (
        f"a machine has {machine.cores} cores, {machine.cores_spared} of them spared; Redis and "
        "its replicas have their own"
    )
    yield "rooms are equally large, and each has viewers on every worker"
    if event.orders_in_all:
        yield f"{event.orders_in_all:,} orders come in {event.hours:g} hours; each is paid"
    else:
        yield f"orders come at this rate for {event.hours:g} hours; each is bought and paid"


def _rows(result: Size, machine: Machine) -> Iterator[str]:
    load = result.load
    yield _row("workers", f"{load.workers}", f"{load.viewers_per_worker:,} viewers each")
    cpu = f"{load.worker_cpu:.0%} of a core each, {load.fan_out_cpu:.0%} for writing"
    yield _row("", "", cpu)
    yield _row("machines", f"{result.machines}", f"of {machine.cores} cores")
    yield _row("memory", _bytes(result.worker_memory_bytes), "for all workers")
    yield _row("bandwidth", _bits(load.bytes_per_s), "to viewers, for all machines")
    yield _row("Redis shards", f"{result.redis_shards}", f"{load.redis_cpu:.0%} of a core in all")
    yield _row("Redis memory", _bytes(result.redis_memory_bytes), "of orders")
    yield _row("recovery", f"{result.back_s:.0f} s", "until all are back after all were dropped")


def _row(name: str, value: str, note: str) -> str:
    return f"  {name:14}{value:>12}  {note}"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def _bytes(n: float) -> str:
    return f"{n / 1e9:.1f} GB"


def _bits(bytes_per_s: float) -> str:
    return f"{bytes_per_s * 8 / 1e9:.2f} Gbit/s"
