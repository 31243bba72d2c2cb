"""One server, one row of the table: started, filled with viewers, measured, stopped."""

import os
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from loadtest.fanout import process
from loadtest.fanout.client import load_client
from loadtest.fanout.contenders import Contender, Running, Start
from loadtest.fanout.plan import Crowd, Delivered, LoadClient
from loadtest.fanout.ready import NotStarted

SERVER_CORE, CLIENT_CORE = 0, 1
PUBLISHERS = 16
CLIENT_LIMIT = 0.9
"""Share of its core above which the load client counts as the limit."""
_JOIN_PATIENCE_S = 60


@dataclass(frozen=True)
class Row:
    """So many comments a second to so many viewers."""

    rate_per_s: int
    viewers: int

    @property
    def name(self) -> str:
        """As `--rows` takes it."""
        return f"{self.rate_per_s}x{self.viewers}"


BUY_ROW = Row(200, 2000)
"""The measurement in which somebody buys, too, and others join."""


@dataclass(frozen=True)
class Timing:
    """Seconds of publishing before, and while, it is measured; the latter longer in a quiet room,
    for `comments_min` to be published."""

    warm_s: float
    measured_s: float
    comments_min: int = 1

    def measured_for_s(self, row: Row) -> float:
        """Return how long a row is measured."""
        return max(self.measured_s, self.comments_min / row.rate_per_s)


@dataclass(frozen=True)
class Result:
    """One line of the table. CPU is user and system time; latency runs from the instant due.

    `reached` is delivered / due; `client_cpu` and `others_cpu` are shares of a core: the load
    client's, and whatever else kept the two cores busy, which spoils a measurement.
    """

    key: str
    title: str
    row: str
    rate_per_s: int
    viewers: int
    delivered_per_s: float
    reached: float
    cpu_us: float | None
    redis_us: float | None
    server_cpu: float
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    memory_kb: float
    joins_per_s: float
    bytes_per_comment: float | None
    closed: int
    client: str
    client_cpu: float
    others_cpu: float
    buy_p99_ms: float | None = None
    """Time to the reply to a buy in the same room; measured in BUY_ROW only."""
    join_p99_ms: float | None = None
    """Time to the reply to one join in the same room; measured in BUY_ROW only."""
    frames_per_s: float | None = None
    """Frames that one viewer read in a second. None, as the next three, in results of before they
    were counted."""
    join_us: float | None = None
    """CPU of the server a join."""
    join_redis_us: float | None = None
    calls_per_s: float | None = None
    """Calls of scripts that store comments and questions; None for peers."""

    @property
    def client_was_limit(self) -> bool:
        """Return whether the load client may have limited these numbers, rather than the server."""
        return self.client_cpu > CLIENT_LIMIT


class NotMeasured(Exception):
    """The server did not start or took no viewers; the text says which."""


def measure(contender: Contender, row: Row, timing: Timing) -> Result:
    """Run one contender through one row. Raises NotMeasured."""
    with tempfile.TemporaryDirectory(prefix="fanout-") as name:
        start = Start(row.viewers, PUBLISHERS, SERVER_CORE, Path(name))
        try:
            with contender.start(start) as running:
                return _measured(contender, row, timing, running)
        except NotStarted as why:
            raise NotMeasured(str(why)) from None


def _measured(contender: Contender, row: Row, timing: Timing, running: Running) -> Result:
    crowd = Crowd(running.port, row.viewers, PUBLISHERS, sample_every=7)
    empty = process.memory_bytes(running.pid)
    with closing(load_client(running.talk, crowd)) as client:
        joining = _Clocks(running)
        joins = client.join(row.viewers, _JOIN_PATIENCE_S)
        joining.stop()
        joined = joins.joined
        everybody = row.viewers + PUBLISHERS
        if joined < row.viewers or client.join(everybody, _JOIN_PATIENCE_S).joined < everybody:
            raise NotMeasured(
                f"{joined} of {row.viewers} viewers were let in within {joins.seconds:.0f} s."
            )
        client.deliver(0, running.settles_s)
        full = process.memory_bytes(running.pid)
        client.deliver(row.rate_per_s, timing.warm_s)
        counts = running.counts() if running.counts else None
        clocks = _Clocks(running)
        got = client.deliver(row.rate_per_s, timing.measured_for_s(row))
        clocks.stop()
        calls_per_s = None
        if running.counts and counts:
            calls_per_s = running.counts().since(counts).each_second(clocks.wall_s).calls
        # Apart from the measured time: what a buy adds to the frames is not a comment's cost.
        buy_p99_ms = None
        if running.buyer is not None and row == BUY_ROW:
            with running.buyer() as buyer:
                client.deliver(row.rate_per_s, timing.measured_s)
            buy_p99_ms = buyer.quantile_ms(0.99)
        join_p99_ms = None
        if running.newcomers is not None and row == BUY_ROW:
            with running.newcomers() as newcomers:
                client.deliver(row.rate_per_s, timing.measured_s)
            join_p99_ms = newcomers.quantile_ms(0.99)
    memory_kb = (full - empty) / row.viewers / 1024
    result = _result(contender, row, got, clocks, memory_kb, joined / joins.seconds, client)
    return replace(
        result,
        buy_p99_ms=buy_p99_ms,
        join_p99_ms=join_p99_ms,
        join_us=joining.server_s / joined * 1e6,
        join_redis_us=joining.redis_s / joined * 1e6,
        calls_per_s=calls_per_s,
    )


class _Clocks:
    """CPU over the measured interval: of the server, its Redis, this process and all the rest."""

    def __init__(self, running: Running) -> None:
        self._pids = running.pids
        self._before = self._read()

    def _read(self) -> tuple[float, float, float, float, float]:
        cost = process.cost(self._pids)
        busy = sum(map(process.core_busy_s, (SERVER_CORE, CLIENT_CORE)))
        return cost.server_s, cost.redis_s, time.process_time(), busy, time.monotonic()

    def stop(self) -> None:
        """End the interval."""
        spent = [now - before for now, before in zip(self._read(), self._before, strict=True)]
        self.server_s, self.redis_s, self.client_s, busy_s, self.wall_s = spent
        self.others_s = max(0.0, busy_s - self.server_s - self.redis_s - self.client_s)


def _result(
    contender: Contender, row: Row, got: Delivered, clocks: _Clocks,
    memory_kb: float, joins_per_s: float, client: LoadClient,
) -> Result:  # fmt: skip
    due = row.rate_per_s * row.viewers * got.seconds
    n = got.delivered
    return Result(
        key=contender.key,
        title=contender.title,
        row=row.name,
        rate_per_s=row.rate_per_s,
        viewers=row.viewers,
        delivered_per_s=n / got.seconds,
        reached=n / due,
        cpu_us=clocks.server_s / n * 1e6 if n else None,
        redis_us=clocks.redis_s / n * 1e6 if n else None,
        server_cpu=clocks.server_s / clocks.wall_s,
        p50_ms=got.quantile_ms(0.5),
        p99_ms=got.quantile_ms(0.99),
        max_ms=got.latency_max_us / 1000 if n else None,
        memory_kb=memory_kb,
        joins_per_s=joins_per_s,
        bytes_per_comment=got.bytes / n if n else None,
        closed=got.closed,
        client=client.kind,
        client_cpu=clocks.client_s / clocks.wall_s,
        others_cpu=clocks.others_s / clocks.wall_s,
        frames_per_s=got.frames / got.seconds / row.viewers if client.kind == "C" else None,
    )


def cores_fit() -> bool:
    """Return whether this machine has a core for the server and another one for the load."""
    return {SERVER_CORE, CLIENT_CORE} <= os.sched_getaffinity(0)
