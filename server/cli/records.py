"""`liveroom records`: the tables of the records, brought up to date and looked at."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from server.cli.on_store import Config, DataDir, RedisUrl, run_on_store
from server.cli.rooms import worker_on
from server.house import load_settings, records_of
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.store.room_store import RoomStore

MaybeRoom = Annotated[str | None, typer.Argument(help="Id of the room; without it all rooms.")]
records = typer.Typer(no_args_is_help=True, help="What outlasts a room, in SQL.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.add_typer(records, name="records")


@records.command()
def migrate(config: Config = None, data_dir: DataDir = None) -> None:
    """Run the upgrades that the tables lack. `serve` does this at its start, too."""

    async def work(database: Database) -> None:
        upgraded = await database.upgrade()
        if upgraded.before == upgraded.after:
            typer.echo(f"The records at {database.shown} are up to date.")
        else:
            new = ", ".join(sorted(set(upgraded.after) - set(upgraded.before)))
            typer.echo(f"Upgraded the records at {database.shown} to {new}.")

    run_on_records(work, config, data_dir)


@records.command()
def status(config: Config = None, data_dir: DataDir = None) -> None:
    """Say where the records are, what keeps them, how much the archive holds, what is set aside."""
    from server.features.archive.aside import count_aside
    from server.features.archive.holdings import holdings

    async def work(database: Database) -> None:
        program = await database.program()
        typer.echo(f"{program} at {database.shown}")
        held = await holdings(database)
        typer.echo(f"{held.rooms:,} rooms, {held.entries:,} entries copied.")
        async with database.reading() as connection:
            rows = await count_aside(connection)
        if rows:
            typer.echo(f"{rows:,} rows are set aside: liveroom records aside")

    run_on_records(work, config, data_dir)


@records.command()
def due(config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None) -> None:
    """Say how long each kind of record is kept, and how much is over its time."""

    async def work(store: RoomStore) -> int:
        async with worker_on(store, config, data_dir, redis_url) as worker:
            for kept in await worker.retainer.kept():
                how_long = f"{kept.days:g} days" if kept.days else "for ever"
                typer.echo(f"{kept.kind:<14} kept {how_long:<12} {kept.due:>8,} due")
        return 0

    run_on_store(work, config, data_dir, redis_url)


@records.command()
def aside(room: MaybeRoom = None, config: Config = None, data_dir: DataDir = None) -> None:
    """List the rows that a projection can't fold: which, since when, and why; status 1 if any."""
    from server.features.archive.aside import rows_aside

    async def work(database: Database) -> None:
        async with database.reading() as connection:
            found = await rows_aside(connection, room=room or "")
        for each in found:
            since = _utc(each.since)
            typer.echo(f"{each.room}: {each.row}, since {since}, tried {_utc(each.tried)}:")
            typer.echo(f"  {each.why}")
        if not found:
            typer.echo("No row is set aside.")
            return
        typer.echo(f"{len(found):,} rows are set aside. Mend the cause, then: {_retry_of(room)}")
        raise typer.Exit(1)

    run_on_records(work, config, data_dir)


@records.command()
def retry(
    room: MaybeRoom = None,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Fold the rooms again that have rows set aside, with this program; status 1 if any are left.

    A server does it by itself when it starts and every ten minutes.
    """

    async def work(store: RoomStore) -> int:
        async with worker_on(store, config, data_dir, redis_url) as worker:
            retried = await worker.running["archive"].it.retrying.retry(room or "")
        for each in retried.left:
            typer.echo(f"{each.room}: {each.row}: {each.why}", err=True)
        left = f"{len(retried.left):,} are still set aside"
        typer.echo(f"{retried.folded:,} rows are folded now, {left}.")
        return 1 if retried.left else 0

    run_on_store(work, config, data_dir, redis_url)


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _retry_of(room: str | None) -> str:
    return f"liveroom records retry {room or ''}".rstrip()


@records.command()
def forgotten(config: Config = None, data_dir: DataDir = None) -> None:
    """Print who was forgotten lately, as JSON: `liveroom restore --forgotten` reads it."""
    from server.records.forgotten import forgotten_since

    async def work(database: Database) -> None:
        async with database.reading() as connection:
            found = await forgotten_since(connection, 0)
        typer.echo(msgspec.json.encode(found).decode())

    run_on_records(work, config, data_dir)


def run_on_records(
    work: Callable[[Database], Coroutine[Any, Any, None]],
    config: Path | None,
    data_dir: str | None,
) -> None:
    """Do some work on the records; a refusal of it is told, and the status is 1."""
    settings = load_settings(config, {"data.dir": data_dir})

    async def with_records() -> None:
        database = records_of(settings)
        try:
            await work(database)
        finally:
            await database.aclose()

    try:
        asyncio.run(with_records())
    except (RecordsAway, RecordsUnusable, CommandError) as error:
        typer.echo(f"liveroom: {error}", err=True)
        raise typer.Exit(1) from None
