"""Runs one locust process's part of a rehearsal.

Every process has users and tells its tally. The master, or the only process, leads as well: it
opens the room, draws the curves, checks the books and gives the verdict.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import LocalRunner, WorkerRunner

from loadtest.abuser import Abuser
from loadtest.exits import CANNOT_RUN, PASSED, VERDICT_FAILED
from loadtest.fanout.process import raise_file_limit
from loadtest.host import Host
from loadtest.lead import Lead
from loadtest.loading import load_people, load_scenario
from loadtest.person import Person
from loadtest.rehearsal import Rehearsal, rooms_of
from loadtest.scenario import Kind, ScenarioError
from loadtest.tally import Tally
from loadtest.users import Buyer, Lurker, Moderator, Viewer

CROWD: dict[Kind, type[Person]] = {
    "viewer": Viewer, "buyer": Buyer, "lurker": Lurker, "moderator": Moderator, "abuser": Abuser,
}  # fmt: skip


class Trouble(Exception):
    """The run can't be; the text is one line that says why."""


class Part:
    """This process's part. Raises Trouble if the options can't be used."""

    def __init__(self, environment: Environment) -> None:
        assert environment.runner is not None
        assert environment.parsed_options is not None
        self._environment = environment
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._health: Health | None = None
        self._rehearsals = self._prepare()
        self._tally = self._rehearsals[0].tally
        self._lead: Lead | None = None
        if not isinstance(self._runner, WorkerRunner):
            self._lead = Lead(
                self._rehearsals,
                self._options.server_pid or None,
                self._options.audit,
                self._options.platform_fee,
            )

    def _prepare(self) -> list[Rehearsal]:
        """One a room, which share the tally."""
        secret = os.environ.get("LIVEROOM_LOAD_SECRET") or os.environ.get("LIVEROOM_JWT_SECRET")
        if not secret:
            raise Trouble("Set LIVEROOM_LOAD_SECRET to the server's JWT secret: users need tokens.")
        try:
            scenario = load_scenario(
                self._options.scenario,
                self._options.scale_to or None,
                self._options.seconds or None,
            )
            people = load_people()
        except ScenarioError as error:
            raise Trouble(str(error)) from None
        raise_file_limit(scenario.users_max + 1000)
        rooms, tally = rooms_of(scenario, self._options.room), Tally()
        return [
            Rehearsal(
                scenario, people, secret=secret, seed=self._options.seed, room=room, tally=tally,
                url=self._options.host or "http://127.0.0.1:8080",
                label=f"{room}: " if len(rooms) > 1 else "",
            )
            for room in rooms
        ]  # fmt: skip

    def take_part(self) -> None:
        """Choose the crowd and listen to what locust says."""
        self._choose_crowd()
        hooks = self._environment.events
        hooks.test_start.add_listener(self._start)
        hooks.report_to_master.add_listener(self._report)
        hooks.worker_report.add_listener(self._reported)
        hooks.quitting.add_listener(self._finish)

    def _choose_crowd(self) -> None:
        """Weights of the user classes from the scenario, and of their tasks from people.toml."""
        Person.rehearsals = self._rehearsals
        scenario, people = self._rehearsals[0].scenario, self._rehearsals[0].people
        chosen: list[type[Person]] = [
            type(f"Host{place + 1}", (Host,), {"place": place}) for place in range(scenario.rooms)
        ]
        for kind, person in CROWD.items():
            person.weight = scenario.crowd.get(kind, 0)
            if person.weight > 0:
                chosen.append(person)
        for person, habits in ((Viewer, people.viewer), (Buyer, people.buyer)):
            person.tasks = [
                getattr(person, name)
                for name, share in habits.items()
                for _ in range(round(share * 10))
            ]
        self._environment.user_classes[:] = chosen

    def _start(self, **_: Any) -> None:
        index = self._runner.worker_index if isinstance(self._runner, WorkerRunner) else 0
        for rehearsal in self._rehearsals:
            rehearsal.start(index, self._environment.host)
        self._health = Health()
        if self._lead is None:
            return
        if trouble := self._lead.open_rooms():
            print(trouble, file=sys.stderr)
            self._environment.process_exit_code = CANNOT_RUN
            self._runner.quit()
            return
        gevent.spawn(self._follow, self._lead)

    def _follow(self, lead: Lead) -> None:
        """Once a second: a point of the curves."""
        while self._runner.state not in ("stopped", "cleanup"):
            gevent.sleep(1)
            if isinstance(self._runner, LocalRunner):
                lead.record.add("1", self._taken())
            lead.tick(self._runner.user_count)

    def _taken(self) -> dict[str, Any]:
        taken = self._tally.take_counts()
        if self._health is not None:
            taken["health"] = self._health.read()
        return taken

    def _report(self, data: dict[str, Any], **_: Any) -> None:
        if isinstance(self._runner, WorkerRunner):
            data["liveroom"] = self._taken() | {"process": self._runner.worker_index + 1}

    def _reported(self, data: dict[str, Any], **_: Any) -> None:
        if self._lead is not None and "liveroom" in data:
            taken = data["liveroom"]
            self._lead.record.add(str(taken["process"]), taken)

    def _finish(self, **_: Any) -> None:
        if self._lead is None or not self._lead.opened:
            return
        if isinstance(self._runner, LocalRunner):
            self._lead.record.add("1", self._taken())
        passed = self._lead.finish(Path(self._options.report))
        self._environment.process_exit_code = PASSED if passed else VERDICT_FAILED


class Health:
    """The health of this load process: its share of a core, and the lateness of its timers."""

    def __init__(self) -> None:
        self._cpu_s, self._at = time.process_time(), time.monotonic()
        self._late_ms = 0.0
        self._pulse = gevent.spawn(self._beat)

    def _beat(self) -> None:
        while True:
            before = time.monotonic()
            gevent.sleep(0.1)
            self._late_ms = max(self._late_ms, (time.monotonic() - before - 0.1) * 1000)

    def read(self) -> dict[str, float]:
        """Since the last reading."""
        cpu_s, at = time.process_time(), time.monotonic()
        share = (cpu_s - self._cpu_s) / max(at - self._at, 0.001)
        # Over less than half a second a share says nothing.
        read = {"cpu": share if at - self._at > 0.5 else 0.0, "lag_ms": self._late_ms}
        self._cpu_s, self._at, self._late_ms = cpu_s, at, 0.0
        return read
