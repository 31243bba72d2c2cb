"""The records on both engines: a test that takes `records` runs on each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.house import records_of
from server.records.database import Database
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.postgres import Postgres, program

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One private PostgreSQL for all tests of a process. Don't stop it."""
    if program("postgres") is None or program("initdb") is None:
        pytest.skip("PostgreSQL is missing: install Debian's postgresql.")
    with Postgres() as server:
        yield server


@pytest.fixture(params=ENGINES)
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of empty records, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.make_database()


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
