"""`liveroom audit`, `liveroom orders` and `liveroom outbox`: operators' commands on orders."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from server.house import keys_under, load_settings, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore

DIFFERENCES = 1
COULD_NOT_RUN = 2
_SHOWN_MAX = 50

Room = Annotated[str, typer.Argument(help="Id of the room.")]
MaybeRoom = Annotated[str | None, typer.Argument(help="Id of the room; without it all rooms.")]
Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="LIVEROOM_CONFIG", help="TOML file of settings."),
]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder of the server's data.")]
RedisUrl = Annotated[
    str | None, typer.Option("--redis-url", help="Redis to use instead of a private one.")
]

orders = typer.Typer(no_args_is_help=True, help="Read the orders of a room.")
outbox = typer.Typer(no_args_is_help=True, help="What could not be told to the other system.")


class Format(StrEnum):
    """How orders are written."""

    CSV = "csv"
    JSONL = "jsonl"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.command()(audit)
    app.add_typer(orders, name="orders")
    app.add_typer(outbox, name="outbox")


def audit(
    room: Room, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Replay a room's ledger and compare it with the live state; status 1 if they differ."""
    from server.features.books import audit as auditing

    async def work(store: RoomStore) -> int:
        await _must_exist(store, room)
        found = await auditing.audit(store, room)
        typer.echo(
            f"{room}: {_count(found.entries, 'ledger line')}, {_count(found.orders, 'order')}, "
            f"{_count(found.sales, 'sale')}"
        )
        if found.practice:
            typer.echo("  It is a practice: its orders are void.")
        for difference in found.differences[:_SHOWN_MAX]:
            typer.echo(f"  {difference}")
        if not found.differences:
            typer.echo("The ledger and the live state agree.")
            return 0
        typer.echo(f"{_count(len(found.differences), 'difference')}.")
        return DIFFERENCES

    _run(work, config, data_dir, redis_url)


@orders.command("export")
def export(
    room: Room,
    form: Annotated[Format, typer.Option("--format", help="csv or jsonl.")] = Format.CSV,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Write all orders of a room to standard output, oldest first."""
    from server.features.books.order_book import OrderBook

    async def work(store: RoomStore) -> int:
        await _must_exist(store, room)
        book = OrderBook(store)
        async for part in book.csv(room) if form is Format.CSV else book.jsonl(room):
            sys.stdout.write(part)
        return 0

    _run(work, config, data_dir, redis_url)


@outbox.command("list")
def dead_letters(
    room: MaybeRoom = None,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """List the ledger entries that could not be delivered; of one room, or of all."""
    from server.features.outbox import letters

    async def of_room(store: RoomStore, room: str) -> int:
        await _must_exist(store, room)
        found = await letters.dead_letters(store, room)
        for letter in found:
            typer.echo(f"{letter.place}\t{letter.why}")
        typer.echo(f"{_count(len(found), 'dead letter')}.")
        return 0

    async def of_all(store: RoomStore) -> int:
        every, found = letters.AllRooms(store), 0
        async for letter in every.dead_letters():
            found += 1
            typer.echo(f"{letter.room}\t{letter.place}\t{letter.why}")
        typer.echo(f"{_count(found, 'dead letter')}.")
        return _all_read(every.unread)

    _run(lambda s: of_all(s) if room is None else of_room(s, room), config, data_dir, redis_url)


@outbox.command("replay")
def replay(
    room: MaybeRoom = None,
    every: Annotated[bool, typer.Option("--all", help="Those of all rooms.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Have the dead letters of a room, or with --all of all rooms, delivered again."""
    from server.features.outbox import letters

    if every == (room is not None):
        raise typer.BadParameter("Name one room, or say --all.")

    async def of_room(store: RoomStore, room: str) -> int:
        await _must_exist(store, room)
        again = _count(await letters.replay(store, room), "dead letter")
        typer.echo(f"To be delivered again: {again}.")
        return 0

    async def of_all(store: RoomStore) -> int:
        rooms = letters.AllRooms(store)
        replayed = await rooms.replay()
        again = _count(sum(replayed.values()), "dead letter")
        typer.echo(f"To be delivered again: {again} of {_count(len(replayed), 'room')}.")
        return _all_read(rooms.unread)

    _run(lambda s: of_all(s) if room is None else of_room(s, room), config, data_dir, redis_url)


@outbox.command("skip")
def skip(
    room: Room, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Make a dead letter of the entry that holds up a room; those behind it are delivered."""
    from server.features.outbox import letters

    async def work(store: RoomStore) -> int:
        await _must_exist(store, room)
        place = await letters.stuck_at(store, room)
        if not place:
            raise _NotThere(f"No post of room `{room}` failed: there is nothing to skip.")
        await letters.skip(store, room, place)
        typer.echo(f"Ledger entry {place} is a dead letter now.")
        return 0

    _run(work, config, data_dir, redis_url)


def _all_read(unread: list[str]) -> int:
    for room in unread[:_SHOWN_MAX]:
        typer.echo(f"liveroom: room `{room}` could not be read.", err=True)
    if len(unread) > _SHOWN_MAX:
        typer.echo(f"liveroom: and {len(unread) - _SHOWN_MAX} more.", err=True)
    return COULD_NOT_RUN if unread else 0


class _NotThere(Exception):
    """The named room or store does not exist."""


async def _must_exist(store: RoomStore, room: str) -> None:
    if not await store.redis.exists(store.keys.room(room, "room")):
        raise _NotThere(f"There is no room `{room}` in this store; check its id.")


def _run(
    work: Callable[[RoomStore], Coroutine[Any, Any, int]],
    config: Path | None,
    data_dir: str | None,
    redis_url: str | None,
) -> None:
    from redis.exceptions import RedisError

    from server.store.embedded import EmbeddedRedisError
    from server.store.redis_program import NoRedisProgram

    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})

    folder = Path(settings.data.dir).absolute()

    async def run() -> int:
        async with _store(settings, folder) as store:
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
        *(RedisError, OSError, CommandError),
        *(EmbeddedRedisError, NoRedisProgram, _NotThere),
    ) as error:
        typer.echo(f"liveroom: {error}", err=True)
        status = COULD_NOT_RUN
    raise typer.Exit(status)


def _must_be_there(folder: Path) -> None:
    """Refuse a folder that no server has used: looking there would create it and start a Redis."""
    if not (folder / "redis").is_dir():
        raise _NotThere(
            f"There are no orders in the data folder {folder}: name the server's with "
            "--data-dir, or its Redis with --redis-url."
        )


@asynccontextmanager
async def _store(settings: Settings, folder: Path) -> AsyncIterator[RoomStore]:
    """Yield store on the configured Redis; start the private one if no server runs it."""
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
    try:
        yield store_on(redis, keys_under(settings.redis.key_prefix))
    finally:
        await redis.aclose()
        if started:
            await embedded.__aexit__(None, None, None)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
