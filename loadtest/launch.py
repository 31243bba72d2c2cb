"""`load`: a locust run, against a server of its own unless a URL is given."""

import argparse
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from re import fullmatch
from typing import NamedTuple
from urllib.parse import urlsplit

from loadtest.exits import CANNOT_RUN, of_run
from loadtest.fanout import process
from loadtest.fanout.ready import NotStarted, free_port, wait_until_open
from loadtest.loading import load_people, load_scenario
from loadtest.observe import Server, Unreachable
from loadtest.rehearsal import host_of, rooms_of
from loadtest.scenario import Scenario, ScenarioError
from loadtest.splits import UNTOLD
from loadtest.tokens import mint

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_REPORT = "out/load"
_ROOM = r"[A-Za-z0-9_.:@-]+"
_ID_MAX = 64  # docs/protocol.md: of rooms and users
_SECRET_BYTES_MIN = 32  # RFC 7518 3.2
_FILES_BESIDE = 100  # libraries, logs, pipes


def main(argv: Sequence[str] | None = None) -> int:
    """Run a scenario: 0 if it passed, 1 if not, 2 if it could not be run."""
    process.end_children_on_sigterm()
    options, more = _parser().parse_known_args(argv)
    options.room = options.room or f"{Path(options.scenario).stem}-{secrets.token_hex(3)}"
    try:
        scenario = load_scenario(options.scenario, options.users, options.seconds)
        load_people()
        _check(options)
        _check_files(scenario, process.raise_file_limit(scenario.users_max * 2 + 2000))
        if options.url:
            return _locust(options, more, _running_server(options, scenario))
        with own_server(scenario, options.workers) as server:
            return _locust(options, more, server)
    except (ScenarioError, CannotRehearse, NotStarted, OSError) as why:
        print(why, file=sys.stderr)
        return CANNOT_RUN


class CannotRehearse(Exception):
    """The request can't be fulfilled; the text is a sentence that says what to do."""


def _check(options: argparse.Namespace) -> None:
    """Check the options. Raises CannotRehearse."""
    longest = _ID_MAX - len(host_of("-99"))
    if not (fullmatch(_ROOM, options.room) and len(options.room) <= longest):
        raise CannotRehearse(
            f"--room {options.room} can't name a room: take A-Z a-z 0-9 _ . : @ -, at most "
            f"{longest} of them."
        )
    if options.workers < 1:
        raise CannotRehearse(f"--workers {options.workers}: a server has at least one.")
    if options.server_pid and not Path(f"/proc/{options.server_pid}").is_dir():
        raise CannotRehearse(f"--server-pid {options.server_pid}: no such process runs here.")
    try:
        program = shlex.split(options.audit)[:1]
    except ValueError as error:
        raise CannotRehearse(f"--audit {options.audit} is no command: {error}.") from None
    if program and shutil.which(program[0]) is None:
        raise CannotRehearse(f"--audit: there is no program {program[0]} to run.")
    _check_writable(Path(options.report or _REPORT).parent)


def _check_files(scenario: Scenario, files_max: int) -> None:
    """Check that the crowd's sockets fit into so many open files. Raises CannotRehearse."""
    if files_max < scenario.users_max + _FILES_BESIDE:
        raise CannotRehearse(
            f"{scenario.users_max:,} users need as many sockets, and this system lets a process "
            f"open {files_max:,} files: raise `ulimit -n`, or take fewer --users."
        )


def _check_writable(folder: Path) -> None:
    """Check that a report can be written there at the end of the run. Raises CannotRehearse."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotRehearse(
            f"The report can't be written to {folder} ({error.strerror}): name a path by --report."
        ) from None


def _running_server(options: argparse.Namespace, scenario: Scenario) -> "OwnServer":
    """The server that was named, once it has let us make the rooms. Raises CannotRehearse."""
    url = _address(options.url)
    secret = os.environ.get("LIVEROOM_LOAD_SECRET") or os.environ.get("LIVEROOM_JWT_SECRET")
    if not secret:
        raise CannotRehearse("Set LIVEROOM_LOAD_SECRET to the JWT secret of that server.")
    if len(secret.encode()) < _SECRET_BYTES_MIN:
        raise CannotRehearse(
            f"LIVEROOM_LOAD_SECRET has {len(secret.encode())} bytes, and no server takes a secret "
            f"of fewer than {_SECRET_BYTES_MIN}: set it to the jwt.secret of that server."
        )
    for room in rooms_of(scenario, options.room):
        token = mint(secret, host_of(room), "主播小夏", "host")
        try:
            Server(url, token, None).open_room(room, scenario.title)
        except Unreachable as error:
            raise CannotRehearse(_why(url, room, error)) from None
    return OwnServer(url, options.server_pid, "", options.audit, options.platform_fee)


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
    if error.status == 401:
        return (
            f"{url} does not accept the crowd's tokens (HTTP 401): set "
            "LIVEROOM_LOAD_SECRET to its jwt.secret."
        )
    if error.status == 403:
        return f"Room {room} can't be hosted: {error}. Name another one with --room."
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
    parser.add_argument(
        "--platform-fee", type=int, default=UNTOLD, help="its accounts.platform_fee_bps"
    )
    parser.add_argument("--workers", type=int, default=1, help="workers of the own server")
    parser.add_argument("--room", default="", help="the room; a new one if not given")
    parser.add_argument("--report", default="", help="path of the report, without its ending")
    parser.add_argument("--web", action="store_true", help="with locust's page, at port 8089")
    return parser


class OwnServer(NamedTuple):
    """A server to rehearse on: its URL, its process if it runs here, its JWT secret.

    `audit` is the command that audits a room of it, without the room's name, and `platform_fee` its
    share of hosts' own goods in basis points; UNTOLD: nobody said.
    """

    url: str
    pid: int
    secret: str
    audit: str
    platform_fee: int = UNTOLD


def _locust(options: argparse.Namespace, more: list[str], server: OwnServer) -> int:
    name = Path(options.scenario).stem
    watch = ["--autostart", "--autoquit", "2"] if options.web else ["--headless", "--only-summary"]
    command = [
        sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), *watch, "--host", server.url,
        "--scenario", options.scenario, "--scale-to", str(options.users or 0),
        "--seconds", str(options.seconds or 0),
        "--room", options.room, "--server-pid", str(server.pid),
        "--audit", server.audit, "--platform-fee", str(server.platform_fee),
        "--report", options.report or f"{_REPORT}-{name}", "--loglevel", "WARNING", *more,
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
            fee = int(env.get("LIVEROOM_ACCOUNTS_PLATFORM_FEE_BPS", 0))
            url = f"http://127.0.0.1:{port}"
            yield OwnServer(url, child.pid, secret, shlex.join(audit), fee)
        finally:
            process.end(child, patience_s=15)
