"""The crowd of shoppers as a test sees it: what they were told so far, and what became of it."""

import dataclasses
import json
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import msgspec

from tests.conftest import JWT_SECRET
from tests.machines.shoppers import Plan
from tests.machines.site import PEOPLE, WAIT_S_MAX, Site, await_

_ORDER = msgspec.msgpack.Decoder()
_AFTER = {"held": 0, "cancelled": 1, "paid": 2}
"""An order only steps forward; `cancelled` may still be paid late, but nobody here does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fate:
    """What became of all that was answered.

    `gone` are the answers of orders that are no longer there, or only as they were before: a
    payment that was answered and is lost leaves an order that is held.
    """

    answered: int
    gone: list[dict[str, Any]]
    doubled: int
    failed: dict[str, int]
    sentences: dict[str, list[str]]

    @property
    def lost(self) -> int:
        """Orders of which an answer is gone."""
        return len({line["order"] for line in self.gone})


TROUBLES = ("unavailable", "unanswered", "lost")


class CrowdAway(Exception):
    """The shoppers' process ended too early; the text is what it said."""


class Crowd:
    """Hears a process of shoppers; times are its own, in Unix seconds."""

    def __init__(self, process: "subprocess.Popen[str]", room: str) -> None:
        self.room = room
        self.lines: list[dict[str, Any]] = []
        self._process = process
        self._borne = 0
        self._ear = threading.Thread(target=self._hear, daemon=True)
        self._ear.start()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(json.loads(line))

    def bought(self) -> list[dict[str, Any]]:
        """Return the buys that were answered `ok`."""
        return [line for line in list(self.lines) if line["did"] == "ok" and line["op"] == "buy"]

    @property
    def users(self) -> list[str]:
        """All shoppers, once they are in."""
        return next((line["users"] for line in self.lines if line["did"] == "opened"), [])

    def await_(self, true: Callable[[], Any], what: str) -> None:
        """Wait until something is true of what was heard."""

        def is_true() -> Any:
            if self._process.poll() is None or true():
                return true()
            self._ear.join(WAIT_S_MAX)
            if not (found := true()):
                assert self._process.stderr is not None
                raise CrowdAway(self._process.stderr.read()[-3000:])
            return found

        await_(is_true, what)

    def await_buys(self, more: int) -> None:
        """Wait until so many more buys are answered."""
        enough = len(self.bought()) + more
        self.await_(lambda: len(self.bought()) >= enough, f"{more} more buys are answered")

    def await_trouble(self) -> None:
        """Wait until the shoppers feel it: somebody is cut off, not answered or `unavailable`."""
        self.await_(lambda: self._troubles() > self._borne, "somebody is in trouble")

    def forget_troubles(self) -> None:
        """From now on only new troubles count."""
        self._borne = self._troubles()

    def _troubles(self) -> int:
        return sum(line["did"] == "no" and line["code"] in TROUBLES for line in list(self.lines))

    def await_word(self, word: str) -> float:
        """Wait until a refusal contains a word; the Unix time at which it first did."""

        def found() -> list[float]:
            return [
                line["at"]
                for line in list(self.lines)
                if line["did"] == "no" and word in line["msg"]
            ]

        self.await_(found, f"somebody is refused with {word}")
        return found()[0]

    def await_everybody(self, since: float) -> float:
        """Wait until everybody had a buy answered that they sent after `since`; seconds it took."""

        def first() -> dict[str, float]:
            found: dict[str, float] = {}
            for line in self.bought():
                if line["sent"] >= since:
                    found.setdefault(line["user"], line["at"] - since)
            return found

        self.await_(lambda: len(first()) == len(self.users), "everybody is served again")
        return max(first().values())

    def longest_pause_s(self) -> float:
        """Return the longest time in which nobody had a buy answered."""
        times: list[float] = sorted(line["at"] for line in self.bought())
        return max(late - soon for soon, late in pairwise(times))

    def go_home(self, site: Site) -> Fate:
        """Have them stop and compare their stories; return what became of what they were told."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        verdicts: list[dict[str, Any]] = []

        def is_told() -> bool:
            verdicts[:] = [line for line in list(self.lines) if line["did"] == "verdict"]
            return bool(verdicts)

        self.await_(is_told, "they compared their stories")
        (verdict,) = verdicts
        kept = orders_of(site, self.room)
        answers = [line for line in self.lines if line["did"] == "ok"]
        gone = [
            line
            for line in answers
            if line["order"] not in kept
            or _AFTER[kept[line["order"]]["status"]] < _AFTER[line["status"]]
        ]
        return Fate(
            answered=len({line["order"] for line in answers if line["op"] == "buy"}),
            gone=gone,
            doubled=self._doubled(kept),
            failed=verdict["failed"],
            sentences={name: said for name, said in verdict["sentences"].items() if said},
        )

    def _doubled(self, kept: dict[str, dict[str, Any]]) -> int:
        """Count orders beyond one for each key that a user sent, and keys that gave two of them."""
        keys: dict[str, set[str]] = defaultdict(set)
        by_key: dict[str, set[str]] = defaultdict(set)
        for line in self.lines:
            if line.get("op") == "buy":
                keys[line["user"]].add(line["key"])
                if line["did"] == "ok" and line["order"] in kept:
                    by_key[line["key"]].add(line["order"])
        has = Counter(order["user"] for order in kept.values())
        beyond = sum(max(0, n - len(keys[user])) for user, n in has.items())
        return beyond + sum(len(orders) - 1 for orders in by_key.values())


def orders_of(site: Site, room: str) -> dict[str, dict[str, Any]]:
    """Return all orders of a room by id, from the Redis that is the primary now."""
    rows: Any = site.owner_of(room).hgetall(site.keys.room(room, "orders"))
    return {name.decode(): _ORDER.decode(packed) for name, packed in rows.items()}


@contextmanager
def shopping(site: Site, room: str, people: int = 8, seed: int = 1) -> Iterator[Crowd]:
    """A crowd in a room of its own, once everybody has bought something."""
    plan = Plan(site.front, room, JWT_SECRET, people, seed)
    command = (
        sys.executable,
        "-m",
        "tests.machines.shoppers",
        json.dumps(dataclasses.asdict(plan)),
    )
    process = subprocess.Popen(
        site.wires[PEOPLE].inside(*command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        crowd = Crowd(process, room)
        crowd.await_(lambda: crowd.users, "everybody is in the room")
        crowd.await_everybody(0)
        yield crowd
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()
