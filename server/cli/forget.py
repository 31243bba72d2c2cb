"""`liveroom forget`: takes a person out of everything that is kept."""

from typing import Annotated

import typer

from server.cli.on_store import Config, DataDir, NotThere, RedisUrl, run_on_store
from server.cli.rooms import worker_on
from server.store.room_store import RoomStore

STILL_WAITING = 1


def add_to(app: typer.Typer) -> None:
    """Add this command to the `liveroom` command."""
    app.command()(forget)


def forget(
    user: Annotated[str, typer.Argument(help="Id of the user, as in their tokens.")],
    yes: Annotated[bool, typer.Option("--yes", help="Forget: this can't be undone.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Put one pseudonym in the place of a user, everywhere. Status 1 if rooms still wait."""
    from server.rooms.forgetting import HostsStill

    async def work(store: RoomStore) -> int:
        if not yes:
            raise NotThere(
                f"This takes `{user}` out of every room for good. See that nobody gives them "
                "tokens any more, then say --yes."
            )
        async with worker_on(store, config, data_dir, redis_url) as worker:
            archiver = worker.running["archive"].it
            while (await archiver.copy_all())[1]:
                pass
            try:
                forgotten = await worker.forgetter().forget(user)
            except HostsStill as still:
                raise NotThere(str(still)) from None
        typer.echo(f"Took `{user}` out of {len(forgotten.rooms)} rooms, and of what is in none.")
        for room, why in forgotten.waiting.items():
            typer.echo(
                f"Room {room} still names them: {why}. It is done when the room leaves Redis."
            )
        return STILL_WAITING if forgotten.waiting else 0

    run_on_store(work, config, data_dir, redis_url, writes=True)
