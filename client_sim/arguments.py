"""The command line of `python -m client_sim`, read into a task."""

import argparse
import math
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from re import fullmatch
from urllib.parse import urlsplit

from client_sim.client.wire import Wire
from client_sim.crowd import Plan
from client_sim.replay import script_of
from client_sim.script import read_script
from client_sim.soak import server_pid
from client_sim.tokens import CannotRun, read_secret

ENCODINGS = {
    "json": (Wire.JSON,),
    "msgpack": (Wire.MSGPACK,),
    "stream": (Wire.STREAM,),
    "mix": (Wire.JSON, Wire.MSGPACK, Wire.STREAM),
}
_ROOM = r"[A-Za-z0-9_.:@-]{1,64}"
_SEEDS = 1_000_000_000  # so many that two crowds of a room are never the same users


@dataclass(frozen=True, slots=True)
class Task:
    """The task: a plan, perhaps recorded, or repeated while a server process is watched."""

    plan: Plan
    record: Path | None = None
    keep_names: bool = False
    soak_pid: int | None = None


def parser() -> argparse.ArgumentParser:
    """All options."""
    it = argparse.ArgumentParser(
        prog="python -m client_sim",
        description="Simulated people in a live room, who check what they see.",
    )
    add = it.add_argument
    add("--url", action="append", help="server (default http://127.0.0.1:8080); may be repeated")
    add("--room", default="demo", help="room; made if it is not there (default %(default)s)")
    add("--viewers", type=int, default=300, help="how many (default %(default)s)")
    add("--seconds", type=float, default=60, help="0 runs until stopped (default %(default)s)")
    add("--encoding", choices=ENCODINGS, default="mix", help="default %(default)s")
    add("--seed", type=int, help="the same seed gives the same people (default: new ones a run)")
    add("--script", type=Path, help="a TOML file that says what host and crowd do, and when")
    add("--record", type=Path, help="write the room's events to this file, to --replay them")
    add("--names", action="store_true", help="keep users' names in the recording")
    add("--replay", type=Path, help="play a recording again, in another room")
    add("--speed", type=float, default=1, help="of a replay: 2 is twice as fast")
    add("--soak", action="store_true", help="repeat, and fail if the server's memory grows")
    add("--server-pid", type=int, help="of a soak; else the owner of --data-dir")
    add("--no-host", action="store_true", help="viewers only; somebody else hosts")
    add("--notes", action="store_true", help="first write a few notes, with drawn pictures")
    add("--take-over", action="store_true", help="host the room even if it is live already")
    add("--host-token", help="or LIVEROOM_SIM_TOKEN; without one the secret signs it")
    add("--secret", help="or LIVEROOM_JWT_SECRET: what the server signs tokens with")
    add("--data-dir", default=".liveroom", help="where a development server keeps its secret")
    return it


def read_arguments(arguments: Sequence[str] | None) -> Task:
    """The task the arguments name. Raises CannotRun."""
    options = parser().parse_args(arguments)
    _check(options)
    secret = options.secret or os.environ.get("LIVEROOM_JWT_SECRET")
    plan = Plan(
        urls=tuple(options.url or ["http://127.0.0.1:8080"]),
        room=options.room,
        secret=read_secret(secret, options.data_dir),
        viewers=options.viewers,
        seconds=options.seconds,
        wires=ENCODINGS[options.encoding],
        seed=secrets.randbelow(_SEEDS) if options.seed is None else options.seed,
        host_token=options.host_token or os.environ.get("LIVEROOM_SIM_TOKEN"),
        with_host=not options.no_host,
        take_over=options.take_over,
        notes=options.notes,
    )
    script = None
    if options.script is not None:
        script = read_script(options.script)
    elif options.replay is not None:
        script = script_of(options.replay, options.speed)
    if script is not None:
        plan = replace(plan, script=script, seconds=script.seconds, title=script.title)
    soak_pid = None
    if options.soak:
        soak_pid = options.server_pid or server_pid(options.data_dir)
    return Task(plan, options.record, options.names, soak_pid)


def _check(options: argparse.Namespace) -> None:
    scripted = options.script is not None or options.replay is not None
    only_listens = options.record is not None and options.no_host
    bad = [url for url in options.url or () if not _is_address(url)]
    for wrong, sentence in (
        (
            bad,
            f"--url {', '.join(bad)} is no address: write it as https://rooms.example.com.",
        ),
        (options.viewers < (0 if only_listens else 1), "--viewers must be at least 1."),
        (not 0 <= options.seconds < math.inf, "--seconds must be 0 or more."),
        (
            options.server_pid is not None and not Path(f"/proc/{options.server_pid}").is_dir(),
            f"--server-pid {options.server_pid}: no such process runs here.",
        ),
        (
            fullmatch(_ROOM, options.room) is None,
            f"--room {options.room} can't name a room: take up to 64 of A-Z a-z 0-9 _ . : @ -.",
        ),
        (not 0.01 <= options.speed <= 100, "--speed must be from 0.01 to 100."),
        (options.script and options.replay, "Give --script or --replay, not both."),
        (options.take_over and options.no_host, "Give --take-over or --no-host, not both."),
        (scripted and options.no_host, "A script needs the host: leave --no-host out."),
        (scripted and options.soak, "A soak plays its own evenings: leave the script out."),
        (options.soak and options.record, "A soak can't be recorded: leave --record out."),
    ):
        if wrong:
            raise CannotRun(sentence)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
