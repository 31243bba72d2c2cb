"""What every test may ask for: a real redis-server, a key prefix of its own, settings.

Tests share one redis-server and never flush it; what a test writes lies under its own prefix, and
goes when the test ends.
"""

import asyncio
import functools
import gc
import inspect
import logging
import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from blockbuster import BlockBuster
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from server.house import HOUSE, records_of
from server.records.address import FILE as RECORDS_FILE
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from tests import scheduling
from tests.spread import left_out, spread

MakeSettings = Callable[..., Settings]
AsyncTest = Callable[..., Coroutine[Any, Any, None]]

hypothesis_settings.register_profile(
    "patient",
    hypothesis_settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("patient")  # a slow machine's examples are as good as others

pytest_xdist_make_scheduler = scheduling.pytest_xdist_make_scheduler
pytest_runtest_logreport = scheduling.pytest_runtest_logreport

gc.disable()  # until everything is collected: six thousand tests and no garbage

TABLE = [
    "promise",
    "what breaks",
    "buys answered",
    "lost",
    "doubled",
    "longest pause, s",
    "back, s",
]
END_S_MAX = 60
"""Time for the tasks of a test to end when they are cancelled."""

JWT_SECRET = "a secret for tests that is long enough"


class Loop(uvloop.Loop):
    """The loop that the server runs on.

    uvloop warns of a transport that was left open while it closes it; were that warning an error
    there and then, the transport would stay open and the loop wait for it for ever.
    """

    def close(self) -> None:
        with warnings.catch_warnings(record=True) as left_open:
            warnings.simplefilter("always", ResourceWarning)
            super().close()
        if left_open:
            raise ResourceWarning("; ".join(str(each.message) for each in left_open))


def _end_all_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what a test left running; what goes on all the same fails the test by its name.

    asyncio's own waits for ever for a task that ignores it, and pytest-timeout then ends the
    process without a word of which task it was.
    """
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    _, running = loop.run_until_complete(asyncio.wait(tasks, timeout=END_S_MAX))
    if running:
        raise AssertionError(
            f"Cancelled when the test was over, and still running {END_S_MAX} s later: "
            + "; ".join(f"{task!r} at {task.get_stack(limit=3)}" for task in running)
        )


asyncio.runners._cancel_all_tasks = _end_all_tasks  # type: ignore[attr-defined]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that the server runs on."""
    return {"uvloop": Loop}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Each process collects all tests: it need not look where `make test-fast` runs none."""
    return True if left_out(collection_path, config) else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An async test that hangs fails, with the line it hangs at, and the next one runs.

    pytest-timeout can't do that here: its signal is lost in uvloop, its thread ends the process.
    So the test gets less than `timeout` (of the marker, else of pyproject.toml), by what is left
    to end its tasks and to say which did not.
    """
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            marker = item.get_closest_marker("timeout")
            default = config.getoption("timeout") or config.getini("timeout")
            limit_s = float(marker.args[0] if marker else default)
            item.obj = _within(limit_s - END_S_MAX - 30, item.obj)
    spread(items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Nothing that was collected is ever garbage: don't look through it again and again."""
    scheduling.pytest_collection_finish(session)
    gc.collect()
    gc.freeze()
    gc.enable()


def _within(limit_s: float, test: AsyncTest) -> AsyncTest:
    @functools.wraps(test)
    async def timed(*args: Any, **kwargs: Any) -> None:
        try:
            async with asyncio.timeout(limit_s) as limit:
                await test(*args, **kwargs)
        except TimeoutError as error:
            if limit.expired():
                error.add_note(
                    f"{test.__name__} was not done after {limit_s:.0f} s; see where above."
                )
            raise

    return timed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure: CI has, or installs, everything a test needs."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"skipped, which CI does not allow: {why}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that did not end, and print what people went through while the network broke:
    the table of docs/durability.md."""
    scheduling.pytest_terminal_summary(terminalreporter)
    rows = [
        row
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
        for name, row in report.user_properties
        if name == "machines"
    ]
    if rows:
        terminalreporter.section("tests/machines", sep="-", blue=True)
        for row in (TABLE, ["---", "---", *["---:"] * (len(TABLE) - 2)], *rows):
            terminalreporter.line(f"| {' | '.join(map(str, row))} |")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the person who runs it."""
    for name in list(os.environ):
        if name.startswith("LIVEROOM_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def answers_are_declared() -> Iterator[None]:
    """An answer of REST whose status or type its route does not declare fails the test."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("server.web.declared")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    assert not said, said


@functools.cache
def _watches() -> tuple[BlockBuster, BlockBuster]:
    watch = BlockBuster(["server", "client_sim"])
    # Makes a name absolute: no disk is asked.
    watch.functions["os.path.abspath"].can_block_in("server/records/database.py", {"__init__"})
    for function in watch.functions.values():
        # At the start, once a version: Alembic reads files.
        function.can_block_in("server/records/upgrade.py", {"upgrade_all"})
        # Once a connection, asyncpg looks for a socket, a password file, a certificate.
        function.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_arguments"})
    return watch, BlockBuster(["tests"])


@pytest.fixture(autouse=True)
def loop_is_not_blocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """A blocking call made by our code on the event loop raises BlockingError.

    Tests themselves may read a file between two steps, but not sleep.
    """
    if request.node.get_closest_marker("blocking_allowed"):
        yield
        return
    watch, sleeping = _watches()
    watch.activate()
    sleeping.functions["time.sleep"].activate()
    try:
        yield
    finally:
        sleeping.functions["time.sleep"].deactivate()
        watch.deactivate()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedRedis]:
    """One private redis-server for all tests; `.url` is where it listens.

    Don't stop it and don't flush it: a test about either starts an EmbeddedRedis of its own. It
    syncs no write: what is promised of a power cut is tested on a Redis that does.
    """
    with (
        tempfile.TemporaryDirectory(prefix="lr-tests-") as folder,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        embedded = EmbeddedRedis(Path(folder), fsync=False)
        runner.run(embedded.__aenter__())
        yield embedded
        runner.run(embedded.__aexit__(None, None, None))


@pytest.fixture
async def synced_redis(tmp_path: Path) -> AsyncIterator[EmbeddedRedis]:
    """A private redis-server of the test's own that syncs each write, as a server's does."""
    async with EmbeddedRedis(tmp_path / "synced") as made:
        yield made


@pytest.fixture
def prefix() -> str:
    """A key prefix that no other test has."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def sweeper(redis_server: EmbeddedRedis) -> Iterator[BlockingRedis]:
    """What takes away the keys of a test that ended."""
    with BlockingRedis.from_url(redis_server.url) as client:
        yield client


def make_tables(url: str) -> None:
    """Make all tables in records at an address."""

    async def made() -> None:
        records = records_of(HOUSE.settings_model.model_validate({"records": {"url": url}}))
        await records.upgrade()
        await records.aclose()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(made())


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and no rows."""
    file = tmp_path_factory.mktemp("tables") / RECORDS_FILE
    make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture
def make_settings(
    redis_server: EmbeddedRedis,
    sweeper: BlockingRedis,
    prefix: str,
    tmp_path: Path,
    sqlite_with_tables: Path,
) -> Iterator[MakeSettings]:
    """Make settings for a server under test: `make_settings(edge={"join_s_max": 0.2})`.

    Development mode, any free port, the shared redis-server, this test's prefix and folder, where
    the records have their tables already: to make them anew takes a worker longer than a test. And
    patience, so that nothing is late on a slow machine but what a test has made late.
    """
    folder = tmp_path / "data"

    def make(mode: str = "development", **sections: dict[str, Any]) -> Settings:
        values: dict[str, dict[str, Any]] = {
            "server": {"port": 0, "drain_s": 60},
            "data": {"dir": str(folder)},
            "redis": {
                "url": redis_server.url,
                "key_prefix": prefix,
                "command_timeout_s": 60,
                "connect_timeout_s": 60,
            },
            "edge": {"request_head_s_max": 60, "join_s_max": 60},
            "jwt": {"secret": JWT_SECRET},
        }
        for name, section in sections.items():
            values[name] = values.get(name, {}) | section
        settings = HOUSE.settings_model.model_validate({"mode": mode, **values})
        if settings.data.dir == str(folder) and not (settings.records.url or folder.exists()):
            folder.mkdir()
            shutil.copyfile(sqlite_with_tables, folder / RECORDS_FILE)
        return settings

    yield make
    # Else each test that looks through its keys would look through those of all before it.
    if keys := list(sweeper.scan_iter(match=f"{prefix}*", count=100_000)):
        sweeper.unlink(*keys)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """The settings of `make_settings()`."""
    return make_settings()


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """A client of the shared redis-server that answers bytes."""
    client = connect(settings.redis.url, settings.redis)
    assert isinstance(client, Redis)
    yield client
    await client.aclose()
