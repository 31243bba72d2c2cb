"""`liveroom records`: the tables of the records, brought up to date and looked at."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from server.house import load_settings, records_of
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable

records = typer.Typer(no_args_is_help=True, help="What outlasts a room, in SQL.")

Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="LIVEROOM_CONFIG", help="TOML file of settings."),
]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder of the server's data.")]


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

    _run(work, config, data_dir)


@records.command()
def status(config: Config = None, data_dir: DataDir = None) -> None:
    """Say where the records are, what keeps them, and how much the archive holds."""
    from server.features.archive.holdings import holdings

    async def work(database: Database) -> None:
        program = await database.program()
        typer.echo(f"{program} at {database.shown}")
        held = await holdings(database)
        typer.echo(f"{held.rooms:,} rooms, {held.entries:,} entries copied.")

    _run(work, config, data_dir)


def _run(
    work: Callable[[Database], Coroutine[Any, Any, None]],
    config: Path | None,
    data_dir: str | None,
) -> None:
    settings = load_settings(config, {"data.dir": data_dir})

    async def with_records() -> None:
        database = records_of(settings)
        try:
            await work(database)
        finally:
            await database.aclose()

    try:
        asyncio.run(with_records())
    except (RecordsAway, RecordsUnusable) as error:
        typer.echo(f"liveroom: {error}", err=True)
        raise typer.Exit(1) from None
