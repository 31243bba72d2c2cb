"""`python -m client_sim`: put simulated people into a room, and say whether all was right."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import uvloop

from client_sim.arguments import Task, read_arguments
from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.crowd import Crowd
from client_sim.recording import recording
from client_sim.report import report, table
from client_sim.soak import ROUND_S, ROUNDS_MIN, Watch, leaks
from client_sim.tally import Tally
from client_sim.tokens import CannotRun

_EXIT_OK, _EXIT_FAILED, _EXIT_CANNOT = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code: 0 all checks passed, 1 one failed, 2 it could not run."""
    try:
        task = read_arguments(arguments)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_with_signals(Simulation(task)))
    except CannotRun as error:
        print(error, file=sys.stderr)
        return _EXIT_CANNOT


class Simulation:
    """One run of the program: an evening, or a soak of many."""

    def __init__(self, task: Task) -> None:
        self.findings = Findings()
        self._task = task
        self._tally = Tally()
        self._orders: dict[str, Message] = {}
        self._notes: list[str] = []
        self._crowd: Crowd | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the evening; the checks are still made."""
        self._stopped = True
        if self._crowd is not None:
            self._crowd.stop()

    async def simulate(self) -> str:
        """Do it; the report. Raises CannotRun."""
        plan = self._task.plan
        if self._task.soak_pid is not None:
            await self._soak(self._task.soak_pid)
        else:
            await self._evening(plan.room, plan.seconds)
        length = f"{plan.seconds:g} s" if plan.seconds else "until stopped"
        title = f"Room {plan.room}: {plan.viewers} viewers, {length}, seed {plan.seed}"
        return report(title, self._tally, self.findings, self._orders.values(), self._notes)

    async def _evening(self, room: str, seconds: float) -> None:
        async with AsyncExitStack() as stack:
            listeners = []
            if self._task.record is not None:
                opened = recording(self._task.record, keep_names=self._task.keep_names)
                listeners.append(await stack.enter_async_context(opened))
            plan = replace(self._task.plan, room=room, seconds=seconds)
            self._crowd = Crowd(plan, *listeners, findings=self.findings, tally=self._tally)
            reckoning = await self._crowd.play_evening()
        self._orders |= reckoning.orders
        self._notes += self._crowd.notes + reckoning.notes

    async def _soak(self, pid: int) -> None:
        plan, watch = self._task.plan, Watch(pid)
        loop = asyncio.get_running_loop()
        end = loop.time() + plan.seconds
        while not self._stopped and (loop.time() < end or len(watch.samples) < ROUNDS_MIN):
            await self._evening(f"{plan.room}-{len(watch.samples) + 1}", ROUND_S)
            await watch.round_over()
        self._notes.append(table(("round", "MiB", "file handles"), watch.rows()))
        if len(watch.samples) < ROUNDS_MIN:
            self._notes.append(f"Stopped before round {ROUNDS_MIN}: too early to tell a leak.")
            return
        found = leaks(watch.samples)
        self.findings.see("leak", not found, "the server", "; ".join(found))


async def _with_signals(simulation: Simulation) -> int:
    loop = asyncio.get_running_loop()
    # Ctrl-C ends the evening and the checks are made; SIGTERM just ends, as the server may be
    # going away at the same moment.
    loop.add_signal_handler(signal.SIGINT, simulation.stop)
    task = asyncio.ensure_future(simulation.simulate())
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        print(await task)
    except asyncio.CancelledError:
        return _EXIT_OK
    return _EXIT_OK if simulation.findings.passed else _EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
