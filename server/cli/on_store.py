"""Operators' commands on the store of a server that runs, or of its data folder."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from server.house import keys_under, load_settings, records_of, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

COULD_NOT_RUN = 2

Room = Annotated[str, typer.Argument(help="Id of the room.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="LIVEROOM_CONFIG", help="TOML file of settings."),
]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder of the server's data.")]
RedisUrl = Annotated[
    str | None, typer.Option("--redis-url", help="Redis to use instead of a private one.")
]


class NotThere(Exception):
    """The named room or store does not exist."""


async def must_exist(store: RoomStore, room: str) -> None:
    """Refuse a room that is not in this store; bring one back that left Redis. Raises NotThere."""
    if not await store.redis.exists(store.keys.room(room, "room")):
        raise NotThere(f"There is no room `{room}` in this store; check its id.")
    await store.must_be_here(room)  # what follows is not all read by scripts


def run_on_store(
    work: Callable[[RoomStore], Coroutine[Any, Any, int]],
    config: Path | None,
    data_dir: str | None,
    redis_url: str | None,
    *,
    writes: bool = False,
) -> None:
    """Run `work` on the server's store and end the command with the status that it returns.

    Newer data are refused; older ones are upgraded only if the command `writes`, because an older
    server may run there. What keeps it from running becomes a sentence and status 2.
    """
    from redis.exceptions import RedisError

    from server.records.errors import RecordsAway, RecordsUnusable
    from server.rooms.data_version import DataUnreadable, bring_up_to_date, must_be_readable
    from server.store.embedded import EmbeddedRedisError
    from server.store.redis_program import NoRedisProgram

    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})

    folder = Path(settings.data.dir).absolute()

    async def run() -> int:
        async with open_store(settings, folder) as store:
            await (bring_up_to_date if writes else must_be_readable)(store)
            return await work(store)

    try:
        if not settings.redis.url:
            _must_be_there(folder)
        status = asyncio.run(run())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe. Buffered output is discarded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except (
        *(RedisError, OSError, CommandError, DataUnreadable),
        *(EmbeddedRedisError, NoRedisProgram, NotThere, RecordsUnusable, RecordsAway),
    ) as error:
        typer.echo(f"liveroom: {error}", err=True)
        status = COULD_NOT_RUN
    raise typer.Exit(status)


def _must_be_there(folder: Path) -> None:
    """Refuse a folder that no server has used: looking there would create it and start a Redis."""
    if not (folder / "redis").is_dir():
        raise NotThere(
            f"There are no orders in the data folder {folder}: name the server's with "
            "--data-dir, or its Redis with --redis-url."
        )


@asynccontextmanager
async def open_store(settings: Settings, folder: Path) -> AsyncIterator[RoomStore]:
    """Yield store on the configured Redis; start the private one if no server runs it."""
    from server.rooms.restoring import Restorer
    from server.store.client import connect
    from server.store.embedded import EmbeddedRedis
    from server.store.folder_lock import FolderInUse

    embedded = EmbeddedRedis(folder, server_path=settings.redis.server_path)
    url = settings.redis.url
    started = False
    if not url:
        try:
            await embedded.__aenter__()
            started = True
        except FolderInUse:
            pass  # a server runs: use its Redis
        url = embedded.url
    redis = connect(url, settings.redis)
    store = store_on(redis, keys_under(settings.redis.key_prefix))
    records = records_of(settings)
    restorer = Restorer(store, records, Metrics())
    store.restore = restorer.restore
    try:
        yield store
    finally:
        await restorer.aclose()
        await records.aclose()
        await redis.aclose()
        if started:
            await embedded.__aexit__(None, None, None)
