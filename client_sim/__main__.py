"""`python -m client_sim`: put simulated people into a room, and say whether all was right."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import uvloop

from client_sim.crowd import Crowd, Plan
from client_sim.report import report
from client_sim.tokens import CannotRun, read_secret
from client_sim.wire import Wire

ENCODINGS = {
    "json": (Wire.JSON,),
    "msgpack": (Wire.MSGPACK,),
    "mix": (Wire.JSON, Wire.MSGPACK),
}
_EXIT_OK, _EXIT_FAILED, _EXIT_CANNOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code: 0 all checks passed, 1 one failed, 2 it could not run."""
    options = _parser().parse_args(arguments)
    try:
        plan = _plan(options)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_simulate(plan))
    except CannotRun as error:
        print(error, file=sys.stderr)
        return _EXIT_CANNOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m client_sim",
        description="Simulated people in a live room, who check what they see.",
    )
    add = parser.add_argument
    add("--url", action="append", help="server (default http://127.0.0.1:8080); may be repeated")
    add("--room", default="demo", help="room; made if it is not there (default %(default)s)")
    add("--viewers", type=int, default=300, help="how many (default %(default)s)")
    add("--seconds", type=float, default=60, help="0 runs until stopped (default %(default)s)")
    add("--encoding", choices=ENCODINGS, default="mix", help="default %(default)s")
    add("--seed", type=int, default=1, help="the same seed gives the same people")
    add("--no-host", action="store_true", help="viewers only; somebody else hosts")
    add("--host-token", help="or LIVEROOM_SIM_TOKEN; without one the secret signs it")
    add("--secret", help="or LIVEROOM_JWT_SECRET: what the server signs tokens with")
    add("--data-dir", default=".liveroom", help="where a development server keeps its secret")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    if options.viewers < 1 or options.seconds < 0:
        raise CannotRun("--viewers must be at least 1, and --seconds 0 or more.")
    return Plan(
        urls=tuple(options.url or ["http://127.0.0.1:8080"]),
        room=options.room,
        secret=read_secret(
            options.secret or os.environ.get("LIVEROOM_JWT_SECRET"), options.data_dir
        ),
        viewers=options.viewers,
        seconds=options.seconds,
        wires=ENCODINGS[options.encoding],
        seed=options.seed,
        host_token=options.host_token or os.environ.get("LIVEROOM_SIM_TOKEN"),
        with_host=not options.no_host,
    )


async def _simulate(plan: Plan) -> int:
    crowd = Crowd(plan)
    loop = asyncio.get_running_loop()
    # Ctrl-C ends the evening and the checks are made; SIGTERM just ends, as the server may be
    # going away at the same moment.
    loop.add_signal_handler(signal.SIGINT, crowd.stop)
    task = asyncio.ensure_future(crowd.run())
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        reckoning = await task
    except asyncio.CancelledError:
        return _EXIT_OK
    length = f"{plan.seconds:g} s" if plan.seconds else "until stopped"
    title = f"Room {plan.room}: {plan.viewers} viewers, {length}, seed {plan.seed}"
    print(report(title, crowd.tally, crowd.findings, reckoning.orders.values(), reckoning.notes))
    return _EXIT_OK if crowd.findings.passed else _EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
