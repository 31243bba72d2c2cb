"""`liveroom room`: takes a room out of Redis, brings it back, deletes it."""

from pathlib import Path
from random import Random
from typing import Annotated

import typer

from server.cli.on_store import (
    COULD_NOT_RUN,
    Config,
    DataDir,
    RedisUrl,
    Room,
    must_exist,
    run_on_store,
)
from server.house import load_settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.worker import Worker

rooms = typer.Typer(
    no_args_is_help=True, help="Take a room out of Redis, bring it back, delete it."
)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.add_typer(rooms, name="room")


@rooms.command()
def retire(
    room: Room, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Move an ended room to the records now, if all in it is settled."""

    async def work(store: RoomStore) -> int:
        await must_exist(store, room)
        async with worker_on(store, config, data_dir, redis_url) as worker:
            archiver = worker.running["archive"].it
            while (await archiver.copy_all())[1]:
                pass
            outcome = await worker.retirer.retire(room, at_once=True)
        if not outcome.left:
            typer.echo(f"Room {room} stays in Redis: {outcome.why}.", err=True)
            return COULD_NOT_RUN
        typer.echo(f"Room {room} has left Redis; its {outcome.bytes:,} bytes are in the records.")
        return 0

    run_on_store(work, config, data_dir, redis_url, writes=True)


@rooms.command()
def restore(
    room: Room, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Bring a room back to Redis. Whatever needs it does so by itself."""

    async def work(store: RoomStore) -> int:
        came = await store.must_be_here(room)
        await must_exist(store, room)
        typer.echo(f"Room {room} {'is back in' if came else 'was in'} Redis.")
        return 0

    run_on_store(work, config, data_dir, redis_url, writes=True)


@rooms.command()
def delete(
    room: Room,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it: this can't be undone.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Delete an ended room for good: its orders, its archive, its place in the lists."""
    from server.rooms.deleting import delete_room

    async def work(store: RoomStore) -> int:
        if not yes:
            typer.echo(
                f"This deletes room {room} with its orders and its archive for good. Export what "
                "you need, then say --yes.",
                err=True,
            )
            return COULD_NOT_RUN
        async with worker_on(store, config, data_dir, redis_url) as worker:
            await delete_room(store, worker.records, room, worker.deletes, worker.undeletable)
        typer.echo(f"Room {room} is deleted.")
        return 0

    run_on_store(work, config, data_dir, redis_url, writes=True)


def worker_on(
    store: RoomStore, config: Path | None, data_dir: str | None, redis_url: str | None
) -> Worker:
    """The engine and the features, none of whose tasks run."""
    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})
    return Worker(store.redis, settings, worker_id="cli", metrics=Metrics(), random=Random())
