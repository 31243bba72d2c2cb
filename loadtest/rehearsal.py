"""The things that the users of one process share in a room: scenario, clock, tally, comments."""

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from loadtest.scenario import People, Scenario
from loadtest.tally import Tally
from loadtest.tokens import mint
from loadtest.wire import Frame, Message, Wire

_KNOWN_MAX = 200_000
BEACON = "rehearsal "
"""The beginning of the host's dated notices; the server's time at sending follows it."""


def host_of(room: str) -> str:
    """The user who hosts a room of a rehearsal."""
    return f"host-{room}"


def rooms_of(scenario: Scenario, room: str) -> list[str]:
    """The rooms of a run: `room`, or as many with a number behind it as the scenario has."""
    if scenario.rooms == 1:
        return [room]
    return [f"{room}-{number + 1}" for number in range(scenario.rooms)]


@dataclass
class CommentLog:
    """Every comment that reached this process, with its time; viewers are checked against it."""

    at: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    removed_users: set[str] = field(default_factory=set)
    authors: dict[str, str] = field(default_factory=dict)

    def add(self, comments: Iterable[Message]) -> None:
        """Comments of a frame that was not seen before."""
        for comment in comments:
            self.at[comment["id"]] = comment["ts"]
            self.authors[comment["id"]] = comment["user"]
        while len(self.at) > _KNOWN_MAX:
            oldest = next(iter(self.at))
            del self.at[oldest], self.authors[oldest]

    def between(self, start_ms: int, end_ms: int) -> set[str]:
        """The ids of comments said then and not taken back since."""
        return {
            one
            for one, ts in self.at.items()
            if start_ms <= ts < end_ms
            and one not in self.removed
            and self.authors[one] not in self.removed_users
        }


class Rehearsal:
    """One process's part of a run in one room. Times are seconds since the run started.

    With several rooms each has one of these; they share the `tally`. `label` tells the rooms'
    sales apart in it, and is empty where there is only one room.
    """

    def __init__(
        self,
        scenario: Scenario,
        people: People,
        *,
        url: str,
        room: str,
        secret: str,
        seed: int,
        tally: Tally | None = None,
        label: str = "",
    ) -> None:
        self.scenario = scenario
        self.people = people
        self.url = url.rstrip("/")
        self.room = room
        self.seed = seed
        self.process = 0
        self.tally = tally or Tally()
        self.label = label
        self.comments = CommentLog()
        self._secret = secret
        self._started = time.monotonic()
        self._names: dict[str, str] = {}
        self.wires = {name: Wire(name, self._on_new) for name in ("json", "msgpack")}

    def start(self, process: int, url: str | None) -> None:
        """The run begins now, for the process of this number; the master may name the server."""
        self.process = process
        self.url = (url or self.url).rstrip("/")
        self._started = time.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def calm(self) -> bool:
        """Whether the run is about to end: nobody starts a thing that could not be finished."""
        return self.now_s >= self.scenario.lasts_s - self.scenario.calm_s

    @property
    def socket_url(self) -> str:
        """The URL that viewers connect to."""
        return f"ws{self.url.removeprefix('http')}/v1/rooms/{self.room}/ws"

    def token(self, user: str, name: str, role: str) -> str:
        """A token for one of our people."""
        rooms = [self.room] if role == "moderator" else None
        return mint(self._secret, user, name, role, rooms)

    def wire(self, rng: random.Random) -> Wire:
        """The encoding of one user."""
        chosen = self.scenario.encoding
        return self.wires[rng.choice(("json", "msgpack")) if chosen == "mix" else chosen]

    def _on_new(self, frame: Frame) -> None:
        self.comments.add(frame.comments)
        for message in frame.others:
            kind = message["t"]
            if kind == "stock":
                self._check_stock(message["sale"], message, None)
            elif kind == "sale":
                self._check_sale(message["sale"])
            elif "room" in message:
                for sale in message["room"].get("sales", ()):
                    self._check_sale(sale)
            elif kind == "removed":
                self.comments.removed.add(message.get("id") or "")
                self.comments.removed_users.add(message.get("user") or "")

    def _check_sale(self, sale: Message) -> None:
        self._names[sale["sale"]] = self.label + sale["sku"]
        self._check_stock(sale["sale"], sale, sale["allocated"])

    def _check_stock(self, sale: str, said: Message, allocated: int | None) -> None:
        left, held, sold, ver = (said[name] for name in ("left", "held", "sold", "ver"))
        name = self._names.get(sale, sale)
        known = self.tally.stock.get(name)
        if known is None or ver >= known[3]:
            self.tally.stock[name] = (left, held, sold, ver)
        if min(left, held, sold) < 0:
            self.tally.wrong("negative_stock", f"{sale}: left {left}, held {held}, sold {sold}")
        if allocated is not None and left + held + sold != allocated:
            self.tally.wrong(
                "stock_does_not_add_up",
                f"{sale}: left {left} + held {held} + sold {sold} is not {allocated}",
            )
