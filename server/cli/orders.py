"""`liveroom audit`, `liveroom orders` and `liveroom outbox`: operators' commands on orders."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from server.cli.on_store import (
    COULD_NOT_RUN,
    Config,
    DataDir,
    NotThere,
    RedisUrl,
    Room,
    must_exist,
    run_on_store,
)
from server.house import load_settings
from server.store.room_store import RoomStore

DIFFERENCES = 1
_SHOWN_MAX = 50

MaybeRoom = Annotated[str | None, typer.Argument(help="Id of the room; without it all rooms.")]
orders = typer.Typer(no_args_is_help=True, help="Read the orders of a room.")
outbox = typer.Typer(no_args_is_help=True, help="What could not be told to the other system.")


class Format(StrEnum):
    """A format in which orders are written."""

    CSV = "csv"
    JSONL = "jsonl"


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.command()(audit)
    app.add_typer(orders, name="orders")
    app.add_typer(outbox, name="outbox")


def audit(
    room: MaybeRoom = None,
    every: Annotated[
        bool, typer.Option("--all", help="All rooms, and the records compared with them.")
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Replay a room's ledger and compare it with the live state; status 1 if they differ."""
    from server.cli.audits import audit_all
    from server.features.books import audit as auditing

    if every == (room is not None):
        raise typer.BadParameter("Name one room, or say --all.")

    async def of_all(store: RoomStore) -> int:
        return await audit_all(store, load_settings(config, {"data.dir": data_dir}))

    async def of_room(store: RoomStore, room: str) -> int:
        await must_exist(store, room)
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

    run_on_store(
        lambda s: of_all(s) if room is None else of_room(s, room), config, data_dir, redis_url
    )


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
        await must_exist(store, room)
        book = OrderBook(store)
        async for part in book.csv(room) if form is Format.CSV else book.jsonl(room):
            sys.stdout.write(part)
        return 0

    run_on_store(work, config, data_dir, redis_url)


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
        await must_exist(store, room)
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

    run_on_store(
        lambda s: of_all(s) if room is None else of_room(s, room), config, data_dir, redis_url
    )


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
        await must_exist(store, room)
        again = _count(await letters.replay(store, room), "dead letter")
        typer.echo(f"To be delivered again: {again}.")
        return 0

    async def of_all(store: RoomStore) -> int:
        rooms = letters.AllRooms(store)
        replayed = await rooms.replay()
        again = _count(sum(replayed.values()), "dead letter")
        typer.echo(f"To be delivered again: {again} of {_count(len(replayed), 'room')}.")
        return _all_read(rooms.unread)

    run_on_store(
        *(lambda s: of_all(s) if room is None else of_room(s, room), config, data_dir, redis_url),
        writes=True,
    )


@outbox.command("skip")
def skip(
    room: Room, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Make a dead letter of the entry that holds up a room; those behind it are delivered."""
    from server.features.outbox import letters

    async def work(store: RoomStore) -> int:
        await must_exist(store, room)
        place = await letters.stuck_at(store, room)
        if not place:
            raise NotThere(f"No post of room `{room}` failed: there is nothing to skip.")
        await letters.skip(store, room, place)
        typer.echo(f"Ledger entry {place} is a dead letter now.")
        return 0

    run_on_store(work, config, data_dir, redis_url, writes=True)


def _all_read(unread: list[str]) -> int:
    for room in unread[:_SHOWN_MAX]:
        typer.echo(f"liveroom: room `{room}` could not be read.", err=True)
    if len(unread) > _SHOWN_MAX:
        typer.echo(f"liveroom: and {len(unread) - _SHOWN_MAX} more.", err=True)
    return COULD_NOT_RUN if unread else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
