"""`liveroom records`: the tables of the records, brought up to date and looked at."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import typer

from server.cli.on_store import Config, DataDir, RedisUrl, run_on_store
from server.cli.rooms import worker_on
from server.house import load_settings, records_of
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.store.room_store import RoomStore

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
    """Say where the records are, what keeps them, and how much the archive holds."""
    from server.features.archive.holdings import holdings

    async def work(database: Database) -> None:
        program = await database.program()
        typer.echo(f"{program} at {database.shown}")
        held = await holdings(database)
        typer.echo(f"{held.rooms:,} rooms, {held.entries:,} entries copied.")

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
