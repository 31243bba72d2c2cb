"""The records on both engines: a test that takes `records` runs on each.

The tables are made once a process, and copied for each test: to make them costs as much as most
tests. `test_upgrade.py` makes them.
"""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.house import records_of
from server.records.database import Database
from server.settings import Settings
from tests.conftest import MakeSettings, make_tables
from tests.postgres import Postgres, program

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One private PostgreSQL for all tests of a process. Don't stop it."""
    if program("postgres") is None or program("initdb") is None:
        pytest.skip("PostgreSQL is missing: install Debian's postgresql.")
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Postgres) -> str:
    """The name of a database with all tables and no rows."""
    postgres.sql("CREATE DATABASE with_tables")
    make_tables(postgres.url("with_tables"))
    return "with_tables"


@pytest.fixture(params=ENGINES)
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of empty records with all tables, on each engine in turn."""
    if request.param == "sqlite":
        file = tmp_path / "records.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_with_tables"), file)
        return f"sqlite:///{file}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.make_database(request.getfixturevalue("postgres_with_tables"))


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Settings of a server with these records."""
    return make_settings(records={"url": records_url})


@pytest.fixture
async def records(records_settings: Settings) -> AsyncIterator[Database]:
    """Empty records with all tables."""
    database = records_of(records_settings)
    await database.upgrade()
    yield database
    await database.aclose()
