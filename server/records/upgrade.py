"""Brings the tables of the records up to what this server knows.

Each feature's upgrades are a chain of Alembic revisions in its folder `migrations`; those of the
engine stand in `server.records`. All that are missing run at the start, in one transaction, under a
lock: of several servers that start at once, one upgrades and the others find nothing left to do.
"""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError as AlembicError
from sqlalchemy import Connection, inspect, text

from server.records.errors import RecordsUnusable

_log = logging.getLogger(__name__)

VERSIONS = "schema_revisions"
"""The table that names the newest revision of each chain."""
_LOCK = 0x11FE4003  # PostgreSQL's advisory lock; any number that nobody else takes


class Upgraded(NamedTuple):
    """The revisions before and after an upgrade, sorted; equal if nothing was missing."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def revisions_in(folders: Iterable[Path]) -> ScriptDirectory:
    """All revisions that this server knows; a folder that does not exist has none."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "newline")
    known = [Path(__file__).parent / "migrations", *(f for f in folders if f.is_dir())]
    config.set_main_option(
        "version_locations", "\n".join(str(folder).replace("%", "%%") for folder in known)
    )
    return ScriptDirectory.from_config(config)


def upgrade_all(connection: Connection, known: ScriptDirectory, shown: str) -> Upgraded:
    """Run every missing upgrade in the connection's transaction. Raises RecordsUnusable."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    before = revisions_of(connection)
    must_be_known(before, known, shown)
    if set(before) != set(known.get_heads()):

        def missing(revisions: Any, _: Any) -> Any:
            return known._upgrade_revs("heads", revisions)  # noqa: SLF001 - as alembic.command does

        _run(connection, known, missing)
    after = revisions_of(connection)
    if not before:
        _log.info("The records at %s were made.", shown)
    elif new := sorted(set(after) - set(before)):
        _log.info("The records at %s were upgraded to %s.", shown, ", ".join(new))
    return Upgraded(before, after)


def _run(connection: Connection, known: ScriptDirectory, steps: Callable[..., Any]) -> None:
    with EnvironmentContext(Config(), known, fn=steps) as environment:
        environment.configure(
            connection=connection, version_table=VERSIONS, transactional_ddl=False
        )
        environment.run_migrations()


def revisions_of(connection: Connection) -> tuple[str, ...]:
    """Return the newest revision of each chain that the tables have, sorted."""
    if not inspect(connection).has_table(VERSIONS):
        return ()
    rows = connection.execute(text(f"SELECT version_num FROM {VERSIONS}"))  # noqa: S608 - our name
    return tuple(sorted(str(row[0]) for row in rows))


def must_be_known(found: Iterable[str], known: ScriptDirectory, shown: str) -> None:
    """Refuse revisions that this server does not know. Raises RecordsUnusable."""
    for revision in found:
        try:
            known.get_revision(revision)
        except AlembicError:
            raise RecordsUnusable(
                f"The records at {shown} were written by a newer server (revision {revision}), "
                "which this one can't read: start that version, or restore a backup from before."
            ) from None
