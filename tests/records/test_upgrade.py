"""The tables: made by upgrades, once, under a lock; refused when they come from the future."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from server.house import HOUSE, records_of
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.records.schema import RECORDS
from server.records.upgrade import VERSIONS, revisions_in
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.postgres import Postgres
from tests.records.conftest import ENGINES


@pytest.fixture(params=ENGINES)
def records_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of empty records without tables, on each engine in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.make_database()


def _differences(connection: Connection) -> list[object]:
    def is_declared(name: str | None, kind: str, _: object) -> bool:
        # An engine's own index of words, with what it keeps it in, is no table of SQLAlchemy's.
        return kind != "table" or not (name or "").startswith("search_index")

    context = MigrationContext.configure(
        connection,
        opts={"version_table": VERSIONS, "compare_type": True, "include_name": is_declared},
    )
    return list(compare_metadata(context, RECORDS))


async def test_the_upgrades_make_the_tables_that_the_features_declare(records: Database) -> None:
    async with records.reading() as connection:
        assert await connection.run_sync(_differences) == []


async def test_a_second_upgrade_finds_nothing_left_to_do(records: Database) -> None:
    upgraded = await records.upgrade()
    known = await asyncio.to_thread(revisions_in, HOUSE.migrations)
    assert upgraded.before == upgraded.after == tuple(sorted(known.get_heads()))


async def test_servers_that_start_at_once_upgrade_once(records_settings: Settings) -> None:
    several = [records_of(records_settings) for _ in range(4)]
    done = await asyncio.gather(*(database.upgrade() for database in several))
    assert sum(upgraded.before != upgraded.after for upgraded in done) == 1
    for database in several:
        await database.aclose()


async def test_a_schema_from_the_future_is_refused_with_a_sentence(
    records: Database, records_settings: Settings
) -> None:
    async with records.writing() as connection:
        await connection.execute(text(f"INSERT INTO {VERSIONS} VALUES ('archive_999')"))
    older = records_of(records_settings)
    with pytest.raises(RecordsUnusable, match=r"newer server \(revision archive_999\)"):
        await older.upgrade()
    await older.aclose()


async def test_the_first_use_upgrades(records_settings: Settings) -> None:
    database = records_of(records_settings)
    async with database.reading() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM leases")) == 0
    await database.aclose()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///", "names no database"),
        ("postgresql://u:secret@host", "names no database"),
        ("postgresql://u:secret@host:port/x", "can't be read as a URL"),
    ],
)
def test_a_wrong_url_is_one_sentence_without_its_password(
    make_settings: MakeSettings, url: str, says: str
) -> None:
    with pytest.raises(RecordsUnusable, match=says) as refused:
        records_of(make_settings(records={"url": url}))
    assert "secret" not in str(refused.value)


async def test_records_that_do_not_answer_are_away(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    nowhere = f"postgresql://u:secret@/x?host={tmp_path}"
    database = records_of(make_settings(records={"url": nowhere}))
    with pytest.raises(RecordsAway) as away:
        await database.upgrade()
    assert "secret" not in str(away.value)
    await database.aclose()


async def test_a_file_that_is_no_database_or_read_only_is_one_sentence(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("This is no database. " * 100)
    (tmp_path / "folder").mkdir()
    for name in ("text", "folder"):
        database = records_of(make_settings(records={"url": f"sqlite:///{tmp_path / name}"}))
        with pytest.raises((RecordsAway, RecordsUnusable), match=str(tmp_path / name)):
            await database.upgrade()
        await database.aclose()
