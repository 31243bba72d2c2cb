"""What browsers report of our pages: counted, logged once a cause, bounded, nothing personal."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from server.protocol.roles import Role
from server.settings import Settings
from server.telemetry.metrics import PAGES as COUNTED_PAGES
from server.telemetry.metrics import Metrics
from server.web.page_errors import (
    CAUSES_MAX,
    NEW_CAUSES_SAID_MAX,
    SAY_AGAIN_S,
    PageError,
    PageErrorCount,
    PageErrors,
    merged,
)
from server.web.pages import PAGES
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

PATH = "/v1/page-errors"
FILES = {"watch.js", "ui/orders.js"}
REPORT = {
    "page": "watch",
    "kind": "error",
    "name": "TypeError",
    "at": ["ui/orders.js:139:22", "watch.js:80:5"],
}
SECRET = "eyJhbGciOiJIUzI1NiJ9"


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def api(make_settings: MakeSettings) -> AsyncIterator[Api]:
    settings = make_settings(pages={"errors_per_s_max": 1000, "errors_per_address_per_min": 6})
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, settings, worker.url)


def own(api: Api) -> dict[str, Any]:
    return {"user": None, "headers": {"Origin": api.url}}


Make = Callable[..., PageErrors]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(settings: Settings, clock: Clock) -> Make:
    def make_it(metrics: Metrics | None = None) -> PageErrors:
        return PageErrors(settings, metrics or Metrics(), FILES, clock)

    return make_it


def report(**fields: Any) -> PageError:
    return msgspec.convert(REPORT | fields, PageError)


async def test_a_report_is_counted_and_shown_to_the_operator(api: Api) -> None:
    for _ in range(2):
        assert await api.send("POST", PATH, REPORT, **own(api)) == (204, "")

    _, text = await api.send("GET", "/metrics", user=None)
    assert 'liveroom_page_errors_total{kind="error",page="watch",worker="1"} 2.0' in text
    assert 'liveroom_page_errors_total{kind="policy",page="ops",worker="1"} 0.0' in text
    ops: dict[str, Any] = {"page_errors": []}
    async with asyncio.timeout(60):  # a worker tells its figures every two seconds
        while not ops["page_errors"]:
            _, ops = await api.send("GET", "/v1/ops", user="root", role=Role.ADMIN)
    (cause,) = ops["page_errors"]
    assert cause.pop("last") > 1_700_000_000_000
    assert cause == REPORT | {"count": 2}
    assert ops["errors"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"message": "Cannot read 'x' of 小满"},
        {"page": "admin"},
        {"kind": "console"},
        {"name": "E" * 41},
        {"at": ["watch.js:1:1"] * 4},
        {"at": ["a" * 81]},
        {"at": "watch.js:1:1"},
    ],
)
async def test_a_report_of_another_form_is_refused(api: Api, wrong: dict[str, Any]) -> None:
    await api.refused(400, "bad_message", "POST", PATH, REPORT | wrong, **own(api))


def test_every_page_may_report() -> None:
    assert [path.split("/")[1] or "home" for path in PAGES] == [*COUNTED_PAGES]


async def test_only_own_pages_report_and_only_briefly(api: Api) -> None:
    for origin in ("https://evil.example", "null"):
        elsewhere = {"Origin": origin}
        await api.refused(403, "forbidden", "POST", PATH, REPORT, user=None, headers=elsewhere)
    big = REPORT | {"name": "E" * 2000}
    await api.refused(413, "too_long", "POST", PATH, big, **own(api))


async def test_one_address_reports_so_often_and_the_rest_is_counted_as_dropped(api: Api) -> None:
    said = [(await api.send("POST", PATH, REPORT, **own(api)))[0] for _ in range(9)]

    assert said == [204] * 6 + [429] * 3
    _, text = await api.send("GET", "/metrics", user=None)
    assert 'liveroom_page_errors_dropped_total{worker="1"} 3.0' in text


@pytest.mark.parametrize("most", [0, 2])
async def test_a_worker_takes_so_many_a_second_from_all(
    make_settings: MakeSettings, most: int
) -> None:
    settings = make_settings(pages={"errors_per_s_max": most, "errors_per_address_per_min": 0})
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        page_errors = PageErrors(settings, Metrics(), FILES, Clock())
        allowed = [page_errors._may_report(f"10.0.0.{n}") for n in range(5)]
        assert allowed == [n < most for n in range(5)]
        if not most:
            await api.refused(429, "rate_limited", "POST", PATH, REPORT, **own(api))


def test_a_cause_is_logged_once_and_then_with_its_count(
    make: Make, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    errors = make()
    for _ in range(50):
        errors.take(report())
    clock.now += SAY_AGAIN_S
    errors.take(report())

    cause = "the page `watch`: error TypeError, at ui/orders.js:139:22 < watch.js:80:5"
    assert [record.getMessage() for record in caplog.records] == [
        f"Browsers report a failure of {cause}. Reports since it was last logged: {n}; in all: {m}."
        for n, m in ((1, 1), (50, 51))
    ]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


def test_nothing_that_is_not_ours_is_logged_or_shown(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    errors = make()
    errors.take(report(name=SECRET))
    errors.take(report(at=[f"watch.js?token={SECRET}:1:2"]))
    errors.take(report(at=[f"{SECRET}:1:2", f"watch.js:1:2:{SECRET}", f"watch.js:1:2\n{SECRET}"]))
    errors.take(report(at=["/etc/passwd:1:1", "../watch.js:1:1", "watch.js:1:999999"]))

    assert SECRET not in caplog.text
    assert "passwd" not in caplog.text
    shown = msgspec.json.encode(errors.counts()).decode()
    assert SECRET not in shown
    assert {tuple(count.at) for count in errors.counts()} == {(), tuple(REPORT["at"])}


def test_made_up_causes_fill_neither_the_log_nor_the_memory(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    errors = make(metrics)
    for line in range(500):
        errors.take(report(at=[f"watch.js:{line}:1"]))

    assert len(caplog.records) == NEW_CAUSES_SAID_MAX
    assert len(errors.counts()) == CAUSES_MAX
    counted = metrics.registry.get_sample_value(
        "liveroom_page_errors_total", {"page": "watch", "kind": "error"}
    )
    assert counted == 500


def test_the_counts_of_all_workers_are_added_by_cause() -> None:
    def count(name: str, n: int, last: int) -> PageErrorCount:
        return PageErrorCount("watch", "error", name, ["watch.js:1:1"], n, last)

    both = merged([count("TypeError", 2, 10), count("Error", 1, 30), count("TypeError", 5, 20)], 20)

    assert both == [count("Error", 1, 30), count("TypeError", 7, 20)]
    assert merged(both, 1) == both[:1]


def test_looking_at_the_causes_makes_none_of_them_newer(make_settings: MakeSettings) -> None:
    errors = PageErrors(make_settings(), Metrics(), {f"f{n}.js" for n in range(CAUSES_MAX + 1)})

    def meet(n: int) -> None:
        errors.take(PageError(page="home", kind="error", at=(f"f{n}.js",)))

    for n in range(CAUSES_MAX):
        meet(n)
    errors.counts()
    meet(0)
    errors.counts()
    meet(CAUSES_MAX)

    kept = {count.at[0] for count in errors.counts()}
    assert len(kept) == CAUSES_MAX
    assert "f0.js" in kept
    assert "f1.js" not in kept
