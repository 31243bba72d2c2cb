"""The connections of one process to the records.

Reads and writes are short transactions. With SQLite (WAL) one process writes at a time: a writer
takes the lock at its beginning, waits for at most `records.busy_timeout_s`, and then fails with
RecordsAway, having written nothing.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

import aiosqlite
from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from server.records.address import address_of, shown
from server.records.errors import RecordsAway, RecordsUnusable, is_away, is_damaged, words_of
from server.records.nul import replace_nul
from server.settings import Settings

# Alembic is imported, in a thread, when records are first used: most commands don't use them.
if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from server.records.upgrade import Upgraded

_WRITES = "liveroom_writes"


class Database:
    """The records of this installation. `aclose` it at the end.

    Opening a connection is left to the first use: a server starts while its records are away. The
    first use also runs the missing upgrades, which stand in `migrations`, a folder a feature.
    Raises RecordsUnusable if `records.url` is wrong, and on use if the records can't be used.
    """

    def __init__(self, settings: Settings, migrations: Sequence[Path]) -> None:
        self._settings = settings
        self._limits = settings.records
        self._migrations = migrations
        self._is_current = False
        self._upgrading = asyncio.Lock()
        self._files: WeakSet[_SqliteConnection] = WeakSet()
        """Every connection to SQLite that was made and may still have its thread."""
        self.url: URL = address_of(settings)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = create_async_engine(self.url, **self._arguments())
        if self.is_sqlite:
            _set_up_sqlite(self.engine.sync_engine, self._limits.busy_timeout_s)
        else:
            replace_nul(self.engine.sync_engine)

    def _arguments(self) -> dict[str, Any]:
        pool = {
            "pool_size": self._limits.connections_max,
            "max_overflow": 0,
            "pool_timeout": self._limits.busy_timeout_s,
        }
        if self.is_sqlite:
            given = {
                "timeout": self._limits.busy_timeout_s,
                "async_creator_fn": self._open_file,
            }
            return pool | {"connect_args": given}
        return pool | {
            "pool_pre_ping": True,
            "connect_args": {
                "timeout": self._limits.connect_timeout_s,
                "command_timeout": self._limits.command_timeout_s,
            },
        }

    @property
    def shown(self) -> str:
        """The address without its password, for people."""
        return shown(self.url)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection that sees one state of the records. Raises RecordsAway."""
        await self._must_be_current()
        with self._errors():
            async with self.engine.connect() as connection:
                if not self.is_sqlite:
                    await connection.execution_options(
                        isolation_level="REPEATABLE READ", postgresql_readonly=True
                    )
                yield connection

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Yield a connection whose changes are stored together at the end, or not at all.

        Raises RecordsAway if it could not begin, or is not known to have been stored.
        """
        await self._must_be_current()
        async with self._transaction() as connection:
            yield connection

    async def program(self) -> str:
        """Return the name and version of the program that keeps the records."""
        async with self.reading() as connection:
            if self.is_sqlite:
                return f"SQLite {await connection.scalar(text('SELECT sqlite_version()'))}"
            number = str(await connection.scalar(text("SHOW server_version"))).split()[0]
            return f"PostgreSQL {number}"

    async def why_not(self) -> str:
        """Say why the records can't be used now, or ''."""
        try:
            async with self.reading() as connection:
                await connection.scalar(text("SELECT 1"))
        except (RecordsAway, RecordsUnusable) as why:
            return str(why)
        return ""

    async def upgrade(self) -> "Upgraded":
        """Run every missing upgrade. Raises RecordsUnusable, or RecordsAway: then none has run."""
        known = await asyncio.to_thread(self._known)
        from server.records.upgrade import upgrade_all

        async with self._transaction() as connection:
            upgraded = await connection.run_sync(upgrade_all, known, self.shown)
        self._is_current = True
        return upgraded

    async def revisions(self) -> tuple[str, ...]:
        """Return the newest revision of each chain, sorted. Raises RecordsAway."""
        async with self.reading() as connection:
            from server.records.upgrade import revisions_of

            return await connection.run_sync(revisions_of)

    async def must_know(self, revisions: Sequence[str]) -> None:
        """Refuse records of these revisions if one is a newer server's. Raises RecordsUnusable."""
        known = await asyncio.to_thread(self._known)
        from server.records.upgrade import must_be_known

        must_be_known(revisions, known, self.shown)

    def _known(self) -> "ScriptDirectory":
        from server.records.upgrade import revisions_in

        if self.is_sqlite and self.url.database:
            with self._errors():
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        known = revisions_in(self._migrations)
        known.get_heads()  # reads the files here, in a thread
        return known

    async def _must_be_current(self) -> None:
        if not self._is_current:
            async with self._upgrading:
                if not self._is_current:
                    await self.upgrade()

    @contextlib.asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        with self._errors():
            async with self.engine.connect() as connection:
                await connection.execution_options(**{_WRITES: True})
                async with connection.begin():
                    yield connection

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if is_damaged(error):
                raise RecordsUnusable(
                    f"The records at {self.shown} can't be read ({words_of(error)}): restore a "
                    "backup, or name another database in records.url."
                ) from error
            if not is_away(error):
                raise
            raise RecordsAway(f"The records at {self.shown}: {words_of(error)}.") from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        for connection in list(self._files):
            await connection.until_ended(self._limits.busy_timeout_s)

    def _open_file(self, file: str, **given: Any) -> "_SqliteConnection":
        """Return a connection to a file, to be awaited."""
        made = _SqliteConnection.to(file, **given)
        self._files.add(made)
        return made


class _SqliteConnection(aiosqlite.Connection):
    """A connection that may be stopped twice, and then has closed its file.

    SQLAlchemy stops it while it is being closed, if its use was cancelled again meanwhile. The
    close then stops it once more, and would wait for ever for a thread that has ended; and the
    process would never end, because it waits for its tasks.
    """

    _stopped: asyncio.Future[None] | None = None
    _opened: sqlite3.Connection | None = None

    @classmethod
    def to(cls, file: str, **given: Any) -> Self:
        """Return a connection to a file, to be awaited."""

        def open_file() -> sqlite3.Connection:
            made._opened = sqlite3.connect(file, **given)
            return made._opened

        made = cls(open_file, iter_chunk_size=64)
        made._thread.daemon = True  # as SQLAlchemy's own: no connection that is lost stops the end
        return made

    def stop(self) -> asyncio.Future[None] | None:
        """End the thread; a second call returns what the first one did."""
        if self._stopped is None:
            # aiosqlite forgets what its thread has opened if the wait for it was cancelled.
            self._tx.put_nowait((None, self._close_file))
            self._stopped = super().stop()
        return self._stopped

    def _close_file(self) -> None:
        if self._opened is not None:
            self._opened.close()

    async def until_ended(self, s_max: float) -> None:
        """Wait for the thread of a connection that nobody uses any more.

        One whose opening or closing was cancelled ends a moment later, and would tell a loop of it
        that is closed by then.
        """
        if self._thread.is_alive():
            self.stop()
            await asyncio.to_thread(self._thread.join, s_max)


def _set_up_sqlite(engine: Engine, busy_timeout_s: float) -> None:
    """Begin transactions ourselves, as SQLAlchemy's page on SQLite advises: its driver would begin
    them late, so that reads are not of one state and a writer fails where it should wait."""

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")
            cursor.execute("PRAGMA journal_mode=WAL")
            # A transaction that was answered stays, also after a loss of power.
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA foreign_keys=ON")
        except Exception:
            cursor.close()
            connection.close()  # the pool never sees it, and its thread would go on
            raise
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
