"""Whatever happens, in whatever order, no unit of a merchant is in two places or in none."""

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from server.house import keys_under, records_of, store_on
from server.settings import Settings
from tests.conftest import MakeSettings, make_tables
from tests.orders.redis_process import RedisProcess
from tests.postgres import Postgres, program
from tests.records.market import Market
from tests.torture.size import SECONDS, examples
from tests.torture.units_machine import UnitMachine

MakeUrl = Callable[[], str]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, RedisProcess]]:
    with asyncio.Runner() as runner:
        process = RedisProcess(tmp_path / "redis")
        runner.run(process.start())
        yield runner, process
        runner.run(process.stop())
        runner.run(process.client.aclose())


@pytest.fixture
def sqlite(tmp_path: Path) -> MakeUrl:
    """Makes addresses of empty records with all tables."""
    made = tmp_path / "tables.sqlite3"
    make_tables(f"sqlite:///{made}")
    numbers = itertools.count()

    def make() -> str:
        file = tmp_path / f"records{next(numbers)}.sqlite3"
        shutil.copyfile(made, file)
        return f"sqlite:///{file}"

    return make


@pytest.fixture
def postgres() -> Iterator[MakeUrl]:
    """The same with PostgreSQL."""
    if program("postgres") is None or program("initdb") is None:
        pytest.skip("PostgreSQL is missing: install Debian's postgresql.")
    with Postgres() as server:
        server.sql("CREATE DATABASE with_tables")
        make_tables(server.url("with_tables"))
        yield lambda: server.make_database("with_tables")


def play(
    redis: tuple[asyncio.Runner, RedisProcess], make: MakeUrl, options: Settings, most: int
) -> None:
    runner, process = redis
    numbers = itertools.count()

    def market() -> Market:
        own = type(options).model_validate(options.model_dump() | {"records": {"url": make()}})
        store = store_on(process.client, keys_under(f"u{next(numbers)}"))
        return Market(store, records_of(own), own)

    run_state_machine_as_test(
        lambda: UnitMachine(runner, market),  # type: ignore[arg-type]  # a function is as good
        settings=settings(
            max_examples=most,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )


@pytest.mark.timeout(600 + 4 * SECONDS)
@pytest.mark.blocking_allowed
def test_no_unit_is_in_two_places(
    redis: tuple[asyncio.Runner, RedisProcess], sqlite: MakeUrl, make_settings: MakeSettings
) -> None:
    play(redis, sqlite, make_settings(orders={"fair_window_ms": 0}), examples(10))


@pytest.mark.torture("the same again, on the other engine of the records")
@pytest.mark.timeout(600 + 4 * SECONDS)
@pytest.mark.blocking_allowed
def test_no_unit_is_in_two_places_with_postgresql(
    redis: tuple[asyncio.Runner, RedisProcess], postgres: MakeUrl, make_settings: MakeSettings
) -> None:
    play(redis, postgres, make_settings(orders={"fair_window_ms": 0}), examples(10))
