"""The data of the operator page: every worker's figures, Redis, the last errors.

Each worker writes its figures to one hash in Redis every few seconds, so that any worker can answer
`GET /v1/ops` for all. /metrics is for machines and has more.
"""

import asyncio
import collections
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.records.database import Database
from server.settings import Settings
from server.settings.masking import mask
from server.store.keys import Keys
from server.store.release import Release
from server.web import page_errors
from server.web.caller import caller
from server.web.errors import json_response
from server.web.page_errors import PageErrorCount, merged
from server.web.route import Route

log = logging.getLogger(__name__)

REPORT_S = 5.0
STALE_MS = 15_000
_REPORTED = [
    f"liveroom_{name}"
    for name in (
        *("connections", "event_streams", "rooms", "comments_delivered_total", "gap_fills_total"),
        *("loop_lag_seconds_sum", "loop_lag_seconds_count", "bus_lag_seconds"),
        *("records_behind_seconds", "records_archived_entries_total"),
    )
]
"""The samples that a report uses; all others, with their many labels, are skipped."""
ERRORS_MAX = 20
PAGE_ERRORS_MAX = 20
ERROR_CHARS_MAX = 500
REDIS_ANSWERS_S = 1.0


class Problem(msgspec.Struct):
    """One warning or error of the log. `at` in Unix ms."""

    at: int
    worker: str
    logger: str
    msg: str


class Report(msgspec.Struct):
    """One worker's figures. Lags are means since the previous report, in seconds."""

    worker: str
    at: int
    started: int
    connections: int = 0
    event_streams: int = 0
    """Of the connections, those by HTTP."""
    rooms: int = 0
    delivered: int = 0
    gap_fills: int = 0
    loop_lag_s: float = 0.0
    bus_lag_s: float = 0.0
    records_behind_s: float = 0.0
    archived: int = 0
    errors: list[Problem] = []
    page_errors: list[PageErrorCount] = []


class RecentProblems(logging.Handler):
    """Keeps the last warnings and errors of this process."""

    def __init__(self, worker_id: str) -> None:
        super().__init__(logging.WARNING)
        self.kept: collections.deque[Problem] = collections.deque(maxlen=ERRORS_MAX)
        self._worker_id = worker_id

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == page_errors.__name__:
            return  # these have a list of their own, and must not push out the server's
        msg = mask(record.getMessage())[:ERROR_CHARS_MAX]
        self.kept.append(Problem(int(record.created * 1000), self._worker_id, record.name, msg))


class Ops:
    """Reports this worker's figures and answers for all workers. An async context manager.

    The reporting task runs inside it. `why_not` says why orders can't be stored now, or '';
    `page_errors` tells what browsers reported to this worker; `records` are what outlasts a room.
    """

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        settings: Settings,
        registry: CollectorRegistry,
        worker_id: str,
        why_not: Callable[[], Awaitable[str]] | None = None,
        page_errors: Callable[[], list[PageErrorCount]] = list,
        records: Database | None = None,
    ) -> None:
        self._records = records
        self._page_errors = page_errors
        self._why_not = why_not or _always
        self._redis = redis
        self._key = keys.workers
        self._durability = settings.redis.durability
        self._registry = registry
        self._worker_id = worker_id
        self._started = unix_ms()
        self._problems = RecentProblems(worker_id)
        self._lag_before = (0.0, 0.0)
        self._repeating = Repeating("ops report", self.report, REPORT_S, first_s=0.0)

    async def __aenter__(self) -> Self:
        logging.getLogger().addHandler(self._problems)
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._problems)
        await self._repeating.stop()
        try:
            async with asyncio.timeout(REDIS_ANSWERS_S):
                await self._redis.hdel(self._key, self._worker_id)
        except (RedisError, OSError, TimeoutError):
            pass  # the old report expires and is left out

    def routes(self) -> list[Route]:
        """The one route, for admins."""
        return [
            Route(
                "GET",
                "/v1/ops",
                "What operators watch.",
                self.show,
                Role.ADMIN,
                None,
                dict[str, Any],
            )
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Answer `GET /v1/ops` for admins; while Redis is away, with this worker's own data."""
        if not caller(request).role.at_least(Role.ADMIN):
            raise CommandError("forbidden", "Operations are for admins.")
        why = await self._why_not()
        try:
            async with asyncio.timeout(REDIS_ANSWERS_S):
                store = await self._store()
                reports = await self._reports()
        except (RedisError, OSError, TimeoutError):
            store, reports = None, [self._report()]
            why = why or "Redis does not answer."
        problems = [problem for report in reports for problem in reversed(report.errors)]
        return json_response(
            {
                "now": unix_ms(),
                "ready": not why,
                "why": why,
                "workers": reports,
                "redis": store,
                "records": await self._records_now(reports),
                "errors": sorted(problems, key=lambda problem: -problem.at)[:ERRORS_MAX],
                "page_errors": merged(
                    (count for report in reports for count in report.page_errors), PAGE_ERRORS_MAX
                ),
            }
        )

    async def _records_now(self, reports: list[Report]) -> dict[str, Any] | None:
        if self._records is None:
            return None
        why = "The records do not answer."
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REDIS_ANSWERS_S):
                why = await self._records.why_not()
        return {
            "at": self._records.shown,
            "ready": not why,
            "why": why,
            "behind_s": max((report.records_behind_s for report in reports), default=0.0),
            "archived": sum(report.archived for report in reports),
        }

    async def report(self) -> None:
        """Write this worker's figures to Redis now; skip that while Redis is away."""
        try:
            body = msgspec.msgpack.encode(self._report())
            await self._redis.hset(self._key, self._worker_id, body)
        except (RedisError, OSError, TimeoutError) as error:
            log.debug("This worker's figures were not told: %s", error)

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
            unix_ms(),
            self._started,
            connections=int(values.get("connections", 0)),
            event_streams=int(values.get("event_streams", 0)),
            rooms=int(values.get("rooms", 0)),
            delivered=int(values.get("comments_delivered_total", 0)),
            gap_fills=int(values.get("gap_fills_total", 0)),
            loop_lag_s=mean,
            bus_lag_s=values.get("bus_lag_seconds", 0.0),
            records_behind_s=values.get("records_behind_seconds", 0.0),
            archived=int(values.get("records_archived_entries_total", 0)),
            errors=list(self._problems.kept),
            page_errors=self._page_errors()[:PAGE_ERRORS_MAX],
        )

    async def _reports(self) -> list[Report]:
        packed = await self._redis.hgetall(self._key)
        reports = [report for body in packed.values() if (report := _report(body)) is not None]
        stale = [report.worker for report in reports if unix_ms() - report.at > STALE_MS]
        if stale:
            await self._redis.hdel(self._key, *stale)
        fresh = [report for report in reports if report.worker not in stale]
        return sorted(fresh, key=lambda report: report.worker)

    async def _store(self) -> dict[str, Any]:
        asked = time.perf_counter()
        await self._redis.ping()
        ping_s = time.perf_counter() - asked
        info = await self._redis.info()
        release = Release.told_by(info)
        return {
            "program": release.name,
            "version": release.number,
            "ping_s": ping_s,
            "memory_bytes": info.get("used_memory", 0),
            "clients": info.get("connected_clients", 0),
            "commands_per_s": info.get("instantaneous_ops_per_sec", 0),
            "durability": self._durability,
        }


def _report(body: bytes) -> Report | None:
    """Decode a worker's report; None if it is of another version, or damaged."""
    try:
        return msgspec.msgpack.decode(body, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def _always() -> str:
    return ""
