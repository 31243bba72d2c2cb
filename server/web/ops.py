"""What the operator page shows: every worker's own figures, Redis, the last errors.

A worker tells its figures to one hash in Redis every few seconds, so that whichever worker answers
`GET /v1/ops` can speak for all. /metrics is for machines and has more.
"""

import asyncio
import collections
import logging
import time
from typing import Any, Self

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from redis.exceptions import RedisError

from server.masking import mask
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from server.store.keys import Keys
from server.web.caller import caller
from server.web.errors import json_response
from server.web.rest import Route

log = logging.getLogger(__name__)

REPORT_S = 2.0
STALE_MS = 15_000
_REPORTED = [
    f"liveroom_{name}"
    for name in (
        *("connections", "rooms", "comments_delivered_total", "gap_fills_total"),
        *("loop_lag_seconds_sum", "loop_lag_seconds_count", "bus_lag_seconds"),
    )
]
"""The samples that a report is made of: the others, with their many labels, are not looked at."""
ERRORS_MAX = 20
ERROR_CHARS_MAX = 500
REDIS_ANSWERS_S = 1.0


class Problem(msgspec.Struct):
    """One line of the log that asks for attention. `at` in Unix ms."""

    at: int
    worker: str
    logger: str
    msg: str


class Report(msgspec.Struct):
    """One worker's figures. Lags are means since the report before, in seconds."""

    worker: str
    at: int
    started: int
    connections: int = 0
    rooms: int = 0
    delivered: int = 0
    gap_fills: int = 0
    loop_lag_s: float = 0.0
    bus_lag_s: float = 0.0
    errors: list[Problem] = []


class RecentProblems(logging.Handler):
    """Keeps the last warnings and errors of this process."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(logging.WARNING)
        self.kept: collections.deque[Problem] = collections.deque(maxlen=ERRORS_MAX)
        self._worker_id = worker_id

    def emit(self, record: logging.LogRecord) -> None:
        msg = mask(record.getMessage())[:ERROR_CHARS_MAX]
        self.kept.append(Problem(int(record.created * 1000), self._worker_id, record.name, msg))


class Ops:
    """Reports this worker and answers for all. An async context manager around its task."""

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        settings: Settings,
        registry: CollectorRegistry,
        worker_id: str,
    ) -> None:
        self._redis = redis
        self._key = keys.workers
        self._durability = settings.redis.durability
        self._registry = registry
        self._worker_id = worker_id
        self._started = _now_ms()
        self._problems = RecentProblems(worker_id)
        self._lag_before = (0.0, 0.0)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        logging.getLogger().addHandler(self._problems)
        self._task = asyncio.create_task(self._report_for_ever(), name="ops report")
        return self

    async def __aexit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._problems)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(REDIS_ANSWERS_S):
                await self._redis.hdel(self._key, self._worker_id)
        except (RedisError, OSError, TimeoutError):
            pass  # the report grows stale and is left out

    def routes(self) -> list[Route]:
        """The one route, for admins."""
        return [Route("GET", "/v1/ops", "What operators watch.", self.show, Role.ADMIN)]

    async def show(self, request: web.Request) -> web.Response:
        """`GET /v1/ops` for admins; answers also while Redis is away, with what this worker has."""
        if not caller(request).role.at_least(Role.ADMIN):
            raise CommandError("forbidden", "Operations are for admins.")
        why = ""
        try:
            async with asyncio.timeout(REDIS_ANSWERS_S):
                store = await self._store()
                reports = await self._reports()
        except (RedisError, OSError, TimeoutError):
            why, store, reports = "Redis does not answer.", None, [self._report()]
        problems = [problem for report in reports for problem in reversed(report.errors)]
        return json_response(
            {
                "now": _now_ms(),
                "ready": not why,
                "why": why,
                "workers": reports,
                "redis": store,
                "errors": sorted(problems, key=lambda problem: -problem.at)[:ERRORS_MAX],
            }
        )

    async def report(self) -> None:
        """Tell this worker's figures now; while Redis is away they are not told."""
        try:
            body = msgspec.msgpack.encode(self._report())
            await self._redis.hset(self._key, self._worker_id, body)
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("This worker's figures were not told: %s", error)

    async def _report_for_ever(self) -> None:
        while True:
            await self.report()
            await asyncio.sleep(REPORT_S)

    def _report(self) -> Report:
        values = {
            sample.name.removeprefix("liveroom_"): sample.value
            for metric in self._registry.restricted_registry(_REPORTED).collect()
            for sample in metric.samples
        }
        lag = values.get("loop_lag_seconds_sum", 0.0), values.get("loop_lag_seconds_count", 0.0)
        probes = lag[1] - self._lag_before[1]
        mean = (lag[0] - self._lag_before[0]) / probes if probes > 0 else 0.0
        self._lag_before = lag
        return Report(
            self._worker_id,
            _now_ms(),
            self._started,
            connections=int(values.get("connections", 0)),
            rooms=int(values.get("rooms", 0)),
            delivered=int(values.get("comments_delivered_total", 0)),
            gap_fills=int(values.get("gap_fills_total", 0)),
            loop_lag_s=mean,
            bus_lag_s=values.get("bus_lag_seconds", 0.0),
            errors=list(self._problems.kept),
        )

    async def _reports(self) -> list[Report]:
        packed = await self._redis.hgetall(self._key)
        reports = [msgspec.msgpack.decode(body, type=Report) for body in packed.values()]
        stale = [report.worker for report in reports if _now_ms() - report.at > STALE_MS]
        if stale:
            await self._redis.hdel(self._key, *stale)
        fresh = [report for report in reports if report.worker not in stale]
        return sorted(fresh, key=lambda report: report.worker)

    async def _store(self) -> dict[str, Any]:
        asked = time.perf_counter()
        await self._redis.ping()
        ping_s = time.perf_counter() - asked
        info = await self._redis.info()
        return {
            "version": info.get("redis_version", "?"),
            "ping_s": ping_s,
            "memory_bytes": info.get("used_memory", 0),
            "clients": info.get("connected_clients", 0),
            "commands_per_s": info.get("instantaneous_ops_per_sec", 0),
            "durability": self._durability,
        }


def _now_ms() -> int:
    return int(time.time() * 1000)
