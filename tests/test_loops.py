"""Every loop of the server survives what it never expected; none is made beside the mechanism."""

import ast
import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from redis.asyncio import Redis

from server.background.troubles import FAILURES
from server.house import keys_under, store_on
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.loop_stories import STORIES, Bench, pulse
from tests.running import running

pytestmark = pytest.mark.long("starts workers and waits for each of their tasks")

SERVER = Path(__file__).parent.parent / "server"
THE_MECHANISM = "repeating.py"
MAKES_TASKS = {"create_task", "ensure_future", "run_coroutine_threadsafe"}
# file, function -> why its tasks have another owner than `server/repeating.py`
AWAITED_WHERE_THEY_ARE_MADE = {
    ("redis_client.py", "discover_master"): "gathered where they are made",
    ("demo.py", "run_demo"): "the server and its crowd: their end is the command's end",
    ("demo.py", "_crowd"): "raced against `stop` and awaited below",
    ("serving.py", "_until_end"): "a TaskGroup",
    ("supervisor.py", "_serve_here"): "the worker: what it raises ends the process",
    ("readiness.py", "why_not"): "whoever asks awaits it; closed with the worker",
    ("readiness.py", "_why_not"): "gathered where they are made",
    ("worker_pool.py", "keep_workers"): "the first start: what it raises ends the process",
    ("worker_pool.py", "_start_all"): "a TaskGroup",
    ("worker_pool.py", "_stop_all"): "a TaskGroup",
}
NOT_IN_EACH_WORKER = {
    *("embedded redis", "worker keeper", "worker ready", "rolling restart"),  # the parent's
    "parent watch",  # a worker's that is a process of its own
    *("cluster bus", "cluster map", "cluster subscription"),  # on a Cluster
    "primary watch",  # of Sentinels
    "relay",  # a process of its own, in development
    *("keys of tokens", "token keys"),  # where tokens have public keys
}
SOON = {
    "pictures": {"sweep_interval_s": 0.05},
    "rooms": {"presence_interval_s": 0.05},
    "figures": {"visits_interval_s": 0.05},
    "records": {"archive_interval_s": 0.05, "retire_interval_s": 0.05, "keep_interval_s": 0.05},
    "orders": {"sweep_interval_ms": 10, "sweep_lap_s": 1},
    "allotments": {"settle_interval_s": 0.05},
    "outbox": {"url": "http://other", "interval_s": 0.01},
    "webhooks": {"interval_s": 0.01},
    "feed": {"refresh_s": 0.05},
    "bus": {"watchdog_interval_s": 0.05, "watchdog_timeout_s": 60},
    "edge": {"ping_interval_s": 0.05},
}


def functions() -> Iterator[tuple[str, str, ast.AST]]:
    """(file, function, a node in it) for all of the server."""
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for inner in ast.walk(node):
                    yield path.name, node.name, inner


def called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def named(owner: str) -> set[str]:
    """The names with which this kind of owner is made in the server."""
    names = set()
    for path in SERVER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) == owner:
                name = node.args[0]
                if isinstance(name, ast.JoinedStr):  # the commits, by script
                    continue
                assert isinstance(name, ast.Constant), "a task's name is written where it is made"
                names.add(str(name.value))
    return names


def test_no_task_is_made_that_nobody_owns() -> None:
    made = {(file, name) for file, name, node in functions() if called(node) in MAKES_TASKS}
    strangers = {each for each in made if each[0] != THE_MECHANISM}
    assert strangers - set(AWAITED_WHERE_THEY_ARE_MADE) == set(), (
        "hand them to Repeating or Errands (server/background), or say here who awaits them"
    )
    assert set(AWAITED_WHERE_THEY_ARE_MADE) - strangers == set()


def test_every_loop_has_a_story() -> None:
    assert named("Repeating") == set(STORIES)


class Log(logging.Handler):
    """What the troubles say, and an event when one of them is over."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.works_again = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        if "works again" in record.getMessage():
            self.works_again.set()


@pytest.fixture
async def log() -> AsyncIterator[Log]:
    made = Log()
    logging.getLogger("server.background.troubles").addHandler(made)
    yield made
    logging.getLogger("server.background.troubles").removeHandler(made)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(**SOON)


@pytest.fixture
def bench(redis: Redis, prefix: str, settings: Settings, tmp_path: Path) -> Bench:
    return Bench(redis, store_on(redis, keys_under(prefix)), settings, tmp_path)


def break_once(part: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call of a part raises what nobody expects; those after it go well."""
    real, broken = getattr(part, name), [True]

    def call(*args: Any, **kwargs: Any) -> Any:
        if broken:
            broken.clear()
            raise ValueError("broken on purpose")
        return real(*args, **kwargs)

    monkeypatch.setattr(part, name, call)


@pytest.mark.parametrize("name", STORIES)
async def test_a_loop_says_what_it_never_expected_counts_it_and_goes_on(
    name: str, bench: Bench, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = FAILURES.labels(name)._value.get()
    async with STORIES[name](bench) as story:
        break_once(story.part, story.breaks, monkeypatch)
        story.provoke()
        await log.works_again.wait()

    assert FAILURES.labels(name)._value.get() > before
    failed, works = (record.getMessage() for record in log.records[:2])
    assert failed.startswith(f"The task `{name}`")
    assert "ValueError: broken on purpose" in failed
    assert log.records[0].exc_info is not None
    assert works.startswith(f"The task `{name}`")


@pytest.mark.blocking_allowed
async def test_a_worker_shows_its_tasks_at_zero_before_anything_failed(
    make_settings: MakeSettings,
) -> None:
    FAILURES.clear()
    async with (
        running(make_settings(), "w1") as worker,
        ClientSession() as http,
        http.get(f"{worker.url}/metrics") as response,
    ):
        text = await response.text()
    shown = dict(
        re.findall(r'^liveroom_task_failures_total{task="([^"]+)",.*} (.+)$', text, re.MULTILINE)
    )
    assert (named("Repeating") | named("Errands")) - NOT_IN_EACH_WORKER <= set(shown)
    assert set(shown.values()) == {"0.0"}


async def test_a_connection_that_cannot_be_pinged_is_cut_and_the_others_are_pinged(
    bench: Bench,
) -> None:
    class Connection:
        address = "127.0.0.1"
        heard_at = float("inf")

        def __init__(self, *, good: bool) -> None:
            self.good, self.cuts, self.pinged = good, 0, asyncio.Event()

        def is_silent_since(self, oldest: float) -> bool:
            return self.heard_at < oldest

        def ping(self) -> None:
            if not self.good:
                raise ValueError("broken on purpose")
            self.pinged.set()

        def cut(self) -> None:
            self.cuts += 1

    async with pulse(bench) as story:
        everybody: Any = [Connection(good=False), Connection(good=True)]
        story.part.here = lambda: everybody
        await everybody[1].pinged.wait()
        assert [each.cuts for each in everybody] == [1, 0]
        story.part.here = list
