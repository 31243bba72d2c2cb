"""The file that locust loads: `locust -f loadtest/locustfile.py --scenario flash --host ...`.

`python -m loadtest load` calls it so. What a process does in a run stands in `part`.
"""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import LocalRunner

# Locust puts this file's folder on the path, not the one above it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from loadtest.abuser import Abuser
from loadtest.exits import CANNOT_RUN
from loadtest.host import Host
from loadtest.part import Part, Trouble
from loadtest.person import Person
from loadtest.splits import UNTOLD
from loadtest.users import Buyer, Lurker, Moderator, Viewer

__all__ = ["Abuser", "Buyer", "Host", "Lurker", "Moderator", "Stages", "Viewer"]
_LAST_REPORTS_S = 7
"""After the users are gone: workers report every three seconds, and nothing may be missed."""
_LEAVE_PER_S = 100


class Stages(LoadTestShape):
    """The stages of the scenario."""

    def __init__(self) -> None:
        super().__init__()
        self._empty_at_s: float | None = None

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users now: 0 after the last stage, then None to end the run."""
        scenario, at_s = Person.rehearsals[0].scenario, self.get_run_time()
        stage = scenario.users_at(at_s)
        if stage is not None:
            return stage.users, stage.spawn_per_s
        if self._empty_at_s is None and self.get_current_user_count() == 0:
            self._empty_at_s = at_s
        reports_s = 0 if isinstance(self.runner, LocalRunner) else _LAST_REPORTS_S
        if self._empty_at_s is None or at_s < self._empty_at_s + reports_s:
            return 0, _LEAVE_PER_S
        return None


@events.init_command_line_parser.add_listener
def _options(parser: ArgumentParser) -> None:
    def add(flag: str, **what: Any) -> None:
        name = "LIVEROOM_LOAD_" + flag.strip("-").replace("-", "_").upper()
        parser.add_argument(flag, env_var=name, include_in_web_ui=False, **what)

    add("--scenario", default="flash", help="name in config/scenarios, or a file")
    add("--scale-to", type=int, default=0, help="users at the peak, instead of the scenario's own")
    add("--seconds", type=float, default=0, help="play the scenario in so many seconds")
    add("--room", default="rehearsal", help="the room, made if it is not there")
    add("--seed", type=int, default=1, help="the same seed draws the same people")
    add("--report", default="out/load", help="path of the report, without its ending")
    add("--audit", default="", help="command that audits a room, without the room's name")
    add("--platform-fee", type=int, default=UNTOLD, help="the server's accounts.platform_fee_bps")
    add("--server-pid", type=int, default=0, help="the server's process, if it runs here")


@events.init.add_listener
def _init(environment: Environment, **_: Any) -> None:
    try:
        Part(environment).take_part()
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(CANNOT_RUN)
