"""The `liveroom` command: serve, demo, token, config, loadtest, size.

Its other commands are in `orders` (audit, orders, outbox), `records`, `payouts`, `rooms`, `forget`,
`backup` (backup, restore), `exposure` and `lucky` (lucky-check).
"""

import asyncio
import errno
import re
import subprocess
import sys
from collections.abc import Coroutine
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from server import __version__
from server.access import auth
from server.access.secret import with_secret
from server.cli import backup as cli_backup
from server.cli import examples as cli_examples
from server.cli import exposure as cli_exposure
from server.cli import forget as cli_forget
from server.cli import lucky as cli_lucky
from server.cli import payouts as cli_payouts
from server.cli import records as cli_records
from server.cli import rooms as cli_rooms
from server.cli import size as cli_size
from server.cli.orders import add_to
from server.cli.own_code import lead_children_here
from server.cli.std_streams import open_missing_streams
from server.house import HOUSE, load_settings
from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from server.telemetry import logs

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Rooms where a host streams and sells, and thousands of viewers comment and buy live.",
)

Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="LIVEROOM_CONFIG", help="TOML file of settings."),
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 is any free one.")]
Workers = Annotated[int | None, typer.Option("--workers", help="Processes that share the port.")]
DataDir = Annotated[str | None, typer.Option("--data-dir", help="Folder of the server's data.")]
RedisUrl = Annotated[
    str | None, typer.Option("--redis-url", help="Redis to use instead of a private one.")
]

_ADDRESS_ERRORS = {
    errno.EADDRINUSE: "another program is listening there",
    errno.EACCES: "this user may not listen there",
    errno.EADDRNOTAVAIL: "this machine doesn't have that address",
}
_ROLES = [role.value for role in Role if role is not Role.GUEST]
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


add_to(app)
cli_forget.add_to(app)
cli_exposure.add_to(app)
cli_lucky.add_to(app)
cli_records.add_to(app)
cli_payouts.add_to(app)
cli_rooms.add_to(app)
cli_backup.add_to(app)


def main() -> None:
    """Run the command. Errors that the user can fix become one line on standard error."""
    open_missing_streams()
    lead_children_here()
    try:
        app()
    except SettingsError as error:
        _fail(str(error), status=2)


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(f"liveroom {__version__}")
        raise typer.Exit


@app.command()
def serve(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Run the server until Ctrl-C or SIGTERM. SIGHUP restarts its workers one by one."""
    settings = _load(
        config, host=host, port=port, workers=workers, data_dir=data_dir, redis_url=redis_url
    )
    logs.set_up(settings.log)
    from server.processes import supervisor

    def ready(serving: supervisor.Serving) -> None:
        typer.echo(f"Liveroom is at {serving.url}")
        sys.stdout.flush()

    _run(supervisor.serve(settings, ready), settings)


@app.command()
def demo(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    viewers: Annotated[int, typer.Option(min=1, help="How many simulated viewers.")] = 40,
    picture: Annotated[
        bool, typer.Option(help="Show a moving picture, and let hosts go live from the console.")
    ] = True,
) -> None:
    """Run the server with a room in it, where a simulated host sells to simulated viewers."""
    settings = _load(
        config, host=host, port=port, workers=workers, data_dir=data_dir, redis_url=redis_url
    )
    logs.set_up(settings.log)
    from server.cli import demo as demonstration

    settings = demonstration.with_relay(settings) if picture else settings
    _run(demonstration.run_demo(settings, viewers=viewers), settings)


@app.command()
def token(
    sub: Annotated[str, typer.Option("--sub", help="Id of the user.")],
    role: Annotated[
        str, typer.Option("--role", metavar="|".join(_ROLES), help="What the user may do.")
    ] = Role.VIEWER.value,
    name: Annotated[str, typer.Option("--name", help="Name that others see.")] = "",
    rooms: Annotated[
        str | None, typer.Option("--rooms", help="Only these rooms: ids with commas between.")
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            help="For another server, in place of a role: what it may do, such as orders:read; "
            "again for each.",
        ),
    ] = None,
    ttl: Annotated[
        str, typer.Option("--ttl", help="How long it is valid: 90s, 30m, 12h, 7d.")
    ] = "24h",
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Print a token that this server's settings accept, alone on the last line."""
    if role not in _ROLES:
        _fail(f"--role {role} is not a role of a token: write {', '.join(_ROLES)}.", status=2)
    for each in scope or ():
        if each not in HOUSE.scopes:
            named = ", ".join(sorted(HOUSE.scopes))
            _fail(f"--scope {each} is no scope: write some of {named}.", status=2)
    settings, _ = with_secret(_load(config, data_dir=data_dir))
    only = None if rooms is None else [room.strip() for room in rooms.split(",") if room.strip()]
    try:
        made = auth.mint(
            settings, sub, Role(role), name, only, ttl_s=_seconds(ttl), scopes=scope or None
        )
    except ValueError as error:
        _fail(str(error), status=2)
    typer.echo(made)


@app.command("config")
def show_config(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
    example: Annotated[
        str | None,
        typer.Option(
            "--example",
            metavar="|".join(cli_examples.EXAMPLES),
            help="Print this file to start from instead.",
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option("--examples", help="Write all such files, and those they need, to a folder."),
    ] = None,
) -> None:
    """Print the settings in force as TOML, secrets masked; or examples to start from."""
    from server.settings.pages import effective_toml

    if examples is not None:
        _write_examples(examples)
        return
    if example is not None:
        if example not in cli_examples.EXAMPLES:
            known = ", ".join(cli_examples.EXAMPLES)
            _fail(f"--example {example} is not there: write {known}.", status=2)
        typer.echo(cli_examples.example(example), nl=False)
        return
    settings = _load(
        config, host=host, port=port, workers=workers, data_dir=data_dir, redis_url=redis_url
    )
    typer.echo(effective_toml(settings), nl=False)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "help_option_names": [],
    }
)
def loadtest(context: typer.Context) -> None:
    """Rehearse an event, compare two reports, benchmark; docs/load-testing.md."""
    if find_spec("locust") is None or find_spec("loadtest") is None:
        _fail("Load tests need more packages: pip install 'liveroom[load]'.", status=2)
    # In a process of its own: locust changes the socket module of the one it runs in.
    command = [sys.executable, "-m", "loadtest", *context.args]
    raise typer.Exit(subprocess.call(command))  # noqa: S603 - our own program


app.command()(cli_size.size)


@app.command(hidden=True)
def worker(control_fd: Annotated[int, typer.Option("--control-fd")]) -> None:
    """One worker process; `serve --workers N` starts it."""
    from server.processes import worker_process

    _run(worker_process.run_child(control_fd), None)


@app.command(hidden=True)
def relay(control_fd: Annotated[int, typer.Option("--control-fd")]) -> None:
    """The small media server of development; `liveroom demo` starts it."""
    from server.relay import serving

    asyncio.run(serving.run_child(control_fd))


def _write_examples(folder: Path) -> None:
    try:
        for path in cli_examples.write_examples(folder):
            typer.echo(path)
    except FileExistsError as there:
        _fail(f"{there} is there already; nothing was written. Name an empty folder.")
    except OSError as error:
        _fail(f"Can't write to {error.filename}: {error.strerror}.")


def _load(config: Path | None, **flags: Any) -> Settings:
    keys = {"data_dir": "data.dir", "redis_url": "redis.url"}
    named = {keys.get(name, f"server.{name}"): value for name, value in flags.items()}
    return load_settings(config, named)


def _run(main_task: Coroutine[Any, Any, None], settings: Settings | None) -> None:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(main_task)
        except asyncio.CancelledError:
            raise typer.Exit(1) from None
        except OSError as error:
            reason = _ADDRESS_ERRORS.get(error.errno or 0)
            if reason is None or settings is None:
                raise
            where = f"{settings.server.host}:{settings.server.port}"
            _fail(f"Can't listen on {where}: {reason}. Choose another with --host and --port.")
        except _sentences() as error:
            _fail(str(error))


def _sentences() -> tuple[type[Exception], ...]:
    """Return the errors whose text is a sentence for the person who starts the server."""
    from server.processes.worker_pool import WorkerFailed
    from server.records.errors import RecordsUnusable
    from server.rooms.data_version import DataUnreadable
    from server.store.client import RedisUnusable
    from server.store.embedded import EmbeddedRedisError
    from server.store.folder_lock import FolderInUse
    from server.store.redis_program import NoRedisProgram

    return (
        *(RedisUnusable, RecordsUnusable, DataUnreadable, EmbeddedRedisError),
        *(FolderInUse, NoRedisProgram, WorkerFailed),
    )


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([1-9]\d{0,9})([smhd]?)", text)
    if match is None:
        _fail(f"--ttl {text} is not a time: write 90s, 30m, 12h or 7d.", status=2)
    return int(match[1]) * _SECONDS[match[2]]


def _fail(sentence: str, status: int = 1) -> NoReturn:
    typer.echo(f"liveroom: {sentence}", err=True)
    raise SystemExit(status)
