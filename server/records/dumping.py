"""Copies the records to a file and back: one state, while others read and write.

SQLite copies itself (`VACUUM INTO`). PostgreSQL's own programs, pg_dump and pg_restore, are needed
for the other engine: their format outlives versions of the server.
"""

import asyncio
import os
import shutil
import sqlite3
from pathlib import Path

from sqlalchemy import URL, inspect

from server.records.database import Database


class DumpFailed(Exception):
    """The records could not be copied; the text says why, and what to do."""


async def dump(records: Database, target: Path) -> None:
    """Write the records as they are now to the file `target`. Raises DumpFailed or OSError."""
    if records.is_sqlite:
        await asyncio.to_thread(_vacuum, str(records.url.database), target)
    else:
        # The whole database: not all tables are in `RECORDS`, as that of the full-text search.
        await _call_program(
            records.url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges",
            f"--file={target}",
        )  # fmt: skip
    await asyncio.to_thread(target.chmod, 0o600)


def _vacuum(source: str, target: Path) -> None:
    connection = sqlite3.connect(source)
    try:
        connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise DumpFailed(f"The records in {source} could not be copied: {error}.") from error
    finally:
        connection.close()


async def load(records: Database, source: Path) -> None:
    """Make the records what a dump of the same engine holds. They must be empty, see `holds_any`.

    Raises DumpFailed or OSError; then they are still empty.
    """
    if records.is_sqlite:
        await asyncio.to_thread(_copy, source, Path(str(records.url.database)))
    else:
        await _call_program(
            records.url, "pg_restore", "--no-owner", "--no-privileges", "--no-comments",
            "--exit-on-error", "--single-transaction", str(source),
        )  # fmt: skip


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, made)
    made.chmod(0o600)
    with made.open("rb+") as file:
        os.fsync(file.fileno())
    made.rename(target)


async def holds_any(records: Database) -> bool:
    """Whether there are tables already, also empty ones. Raises SQLAlchemyError or OSError."""
    if records.is_sqlite:
        return await asyncio.to_thread(Path(str(records.url.database)).exists)
    async with records.engine.connect() as connection:
        found = await connection.run_sync(lambda c: inspect(c).get_table_names())
    return bool(found)


async def _call_program(url: URL, name: str, *arguments: str) -> None:
    program = await asyncio.to_thread(shutil.which, name)
    if program is None:
        raise DumpFailed(
            f"`{name}` is missing, which copies records in PostgreSQL: install its client programs "
            "(Debian: postgresql-client) of at least the server's version."
        )
    # The password is not among the arguments, which every user of the machine can see.
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    child = await asyncio.create_subprocess_exec(
        *(program, f"--dbname={address}", *arguments),
        env=os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    if child.returncode:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise DumpFailed(f"{name} ended with status {child.returncode}: {lines[-1]}")
