"""`load`: a locust run, against a server of its own unless a URL is given."""

import argparse
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from loadtest.exits import CANNOT_RUN, of_run
from loadtest.fanout import process
from loadtest.fanout.ready import NotStarted, free_port, wait_until_open
from loadtest.loading import load_people, load_scenario
from loadtest.observe import Server, Unreachable
from loadtest.rehearsal import host_of, rooms_of
from loadtest.scenario import Scenario, ScenarioError
from loadtest.tokens import mint

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a scenario: 0 if it passed, 1 if not, 2 if it could not be run."""
    process.end_children_on_sigterm()
    options, more = _parser().parse_known_args(argv)
    options.room = options.room or f"{Path(options.scenario).stem}-{secrets.token_hex(3)}"
    try:
        scenario = load_scenario(options.scenario, options.users, options.seconds)
        load_people()
        if options.workers < 1:
            raise CannotRehearse(f"--workers {options.workers}: a server has at least one.")
        process.raise_file_limit(scenario.users_max * 2 + 2000)
        if options.url:
            return _locust(options, more, _running_server(options, scenario))
        with own_server(scenario, options.workers) as server:
            return _locust(options, more, server)
    except (ScenarioError, CannotRehearse, NotStarted, OSError) as why:
        print(why, file=sys.stderr)
        return CANNOT_RUN


class CannotRehearse(Exception):
    """What is asked for can't be; the text is a sentence that says what to do."""


def _running_server(options: argparse.Namespace, scenario: Scenario) -> "OwnServer":
    """The server that was named, once it has let us make the rooms. Raises CannotRehearse."""
    url = _address(options.url)
    secret = os.environ.get("LIVEROOM_LOAD_SECRET") or os.environ.get("LIVEROOM_JWT_SECRET")
    if not secret:
        raise CannotRehearse("Set LIVEROOM_LOAD_SECRET to the JWT secret of that server.")
    for room in rooms_of(scenario, options.room):
        token = mint(secret, host_of(room), "主播小夏", "host")
        try:
            Server(url, token, None).open_room(room, scenario.title)
        except Unreachable as error:
            raise CannotRehearse(_why(url, room, error)) from None
    return OwnServer(url, options.server_pid, "", options.audit)


def _address(url: str) -> str:
    """The URL, if it can be one of a server. Raises CannotRehearse."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise CannotRehearse(
            f"--url {url} is no address of a server: write it with its scheme, such as "
            "https://rooms.example.com or http://127.0.0.1:8080."
        )
    return url.rstrip("/")


def _why(url: str, room: str, error: Unreachable) -> str:
    if error.status in (401, 403):
        return (
            f"{url} does not accept the crowd's tokens (HTTP {error.status}): set "
            "LIVEROOM_LOAD_SECRET to its jwt.secret."
        )
    if error.status == 409:
        return f"Room {room} can't be gone live in: {error}. Name another one with --room."
    return f"The rehearsal can't start: {error}."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m loadtest load",
        description=main.__doc__,
        epilog="Other flags go to locust as they are, for example --processes 2.",
    )
    parser.add_argument(
        "scenario", nargs="?", default="flash", help="name in config/scenarios, or a file"
    )
    parser.add_argument("--users", type=int, help="people at the peak, instead of the scenario's")
    parser.add_argument("--seconds", type=float, help="play it in so many seconds: hurried")
    parser.add_argument("--url", default="", help="a running server, instead of one of its own")
    parser.add_argument("--server-pid", type=int, default=0, help="its process, if it runs here")
    parser.add_argument(
        "--audit", default="", help="command that audits a room there: `liveroom audit ...`"
    )
    parser.add_argument("--workers", type=int, default=1, help="workers of the own server")
    parser.add_argument("--room", default="", help="the room; a new one if not given")
    parser.add_argument("--report", default="", help="path of the report, without its ending")
    parser.add_argument("--web", action="store_true", help="with locust's page, at port 8089")
    return parser


class OwnServer(NamedTuple):
    """A server to rehearse on: its URL, its process if it runs here, its JWT secret.

    `audit` is the command that audits a room of it, without the room's name.
    """

    url: str
    pid: int
    secret: str
    audit: str


def _locust(options: argparse.Namespace, more: list[str], server: OwnServer) -> int:
    name = Path(options.scenario).stem
    watch = ["--autostart", "--autoquit", "2"] if options.web else ["--headless", "--only-summary"]
    command = [
        sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), *watch, "--host", server.url,
        "--scenario", options.scenario, "--scale-to", str(options.users or 0),
        "--seconds", str(options.seconds or 0),
        "--room", options.room, "--server-pid", str(server.pid),
        "--audit", server.audit,
        "--report", options.report or f"out/load-{name}", "--loglevel", "WARNING", *more,
    ]  # fmt: skip
    env = dict(os.environ)
    if server.secret:
        env["LIVEROOM_LOAD_SECRET"] = server.secret
    if options.web:
        print("Watch it at http://127.0.0.1:8089")
    return of_run(subprocess.run(command, env=env, check=False).returncode)


@contextmanager
def own_server(
    scenario: Scenario, workers: int = 1, program: Sequence[str] = ("-m", "server")
) -> Iterator[OwnServer]:
    """A server with the settings that a laptop's would have.

    The scenario's `[server]` table changes settings, as `section_name = value`. `program` is what
    Python runs; a test may hand in a broken one. Raises NotStarted.
    """
    secret, port = secrets.token_hex(32), free_port()
    with tempfile.TemporaryDirectory(prefix="liveroom-load-") as name:
        folder = Path(name)
        env = dict(os.environ) | {
            "LIVEROOM_JWT_SECRET": secret,
            "LIVEROOM_SERVER_PORT": str(port),
            "LIVEROOM_SERVER_WORKERS": str(workers),
            "LIVEROOM_DATA_DIR": str(folder / "data"),
            "LIVEROOM_LOG_LEVEL": "warning",
        }
        env |= {f"LIVEROOM_{key.upper()}": str(value) for key, value in scenario.server.items()}
        log = folder / "server.log"
        child = process.spawn([sys.executable, *program, "serve"], None, env, log)
        try:
            wait_until_open(port, child, log)
            audit = [sys.executable, "-m", "server", "audit", "--data-dir", str(folder / "data")]
            yield OwnServer(f"http://127.0.0.1:{port}", child.pid, secret, shlex.join(audit))
        finally:
            process.end(child, patience_s=15)
