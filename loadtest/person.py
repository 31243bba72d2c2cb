"""One connected person under locust: joins, listens, sends commands, comes back when cut off.

A locust user is one greenlet. It listens while it "waits" between tasks: `wait_time` reads the
socket for as long as the person thinks, so nothing else runs for a connection.
"""

import heapq
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, ClassVar

import gevent
from locust import User
from locust.exception import StopUser

from loadtest.connection import Closed, ConnectError, Connection
from loadtest.phrases import NAMES
from loadtest.rehearsal import BEACON, Rehearsal
from loadtest.wire import Frame, Message
from loadtest.witness import Witness

REFUSALS = {
    "sold_out", "limit_reached", "not_started", "ended", "rate_limited", "muted", "not_live",
    "expired",
}  # fmt: skip
"""Errors that the rules of a room give to an honest person; any other one is a failure."""

_CONNECT_S_MAX = 10
_AUDIT_EVERY = 20


class Unanswered(Exception):
    """No reply came: time ran out or the connection broke. What became of it is unknown."""


class Person(User):
    """The base of every user class. `kind` names its habits, `role` its token's, if it has one.

    `rehearsals` are the process's, one a room, set before the first user is made; `rehearsal` is
    the one of this person's room.
    """

    abstract = True
    kind = "viewer"
    role: str | None = "viewer"
    honest = True
    rehearsals: ClassVar[Sequence[Rehearsal]]
    numbers: ClassVar[Iterator[int]] = count()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        first, number = self.rehearsals[0], next(Person.numbers)
        self.user = f"{self.kind}-{first.process}-{number}"
        self.rng = random.Random(f"{first.seed}:{self.user}")
        rehearsal = self.rehearsal = self._choose_room()
        self.tally = rehearsal.tally
        self.name = self.rng.choice(NAMES)
        self.wire = rehearsal.wire(self.rng)
        self.connection: Connection | None = None
        self.ahead_ms = 0.0
        self._refs = count(1)
        self._replies: dict[int, Message] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._rejoin_at = 0.0
        self._witness = Witness(
            rehearsal, self.user, audited=self.honest and number % _AUDIT_EVERY == 0
        )

    def _choose_room(self) -> Rehearsal:
        return self.rng.choice(self.rehearsals)

    # What locust calls

    def on_start(self) -> None:
        """Enter the room."""
        for drop in self.rehearsal.scenario.drop:
            if self.rng.random() < drop.share:
                self.at(drop.at_s, partial(self._lose_network, drop.spread_s))
        self.listen(0)

    def wait_time(self) -> float:
        """Listen for as long as this person thinks; locust itself then waits no longer."""
        haste = self.rehearsal.scenario.haste(self.rehearsal.now_s)
        self.listen(self.rehearsal.people.think_s[self.kind].draw(self.rng) / haste)
        return 0.0

    def on_stop(self) -> None:
        """Leave."""
        if self.connection is not None:
            self._witness.leaves(self.now_ms())
            self.connection.close()
            self.connection = None

    # What the kinds of people use

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Do this at that second of the run, while listening."""
        heapq.heappush(self._due, (at_s, next(self._order), act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do this in so many seconds, while listening."""
        self.at(self.rehearsal.now_s + seconds, act)

    def listen(self, seconds: float) -> None:
        """Read messages for so long, rejoin if necessary, and do acts that fall due."""
        end = self.rehearsal.now_s + seconds
        while True:
            now = self.rehearsal.now_s
            if self.connection is None and now >= self._rejoin_at:
                self._enter()
            if self._due and self._due[0][0] <= now and self.connection is not None:
                heapq.heappop(self._due)[2]()
                continue
            if now >= end and (self.connection is not None or seconds == 0):
                return
            until = min(end, self._due[0][0]) if self._due else end
            self._read(max(until - now, 0.01))

    def command(self, op: str, **fields: Any) -> Message:
        """Send one command and return its reply, ok or err. Raises Unanswered."""
        if self.connection is None:
            raise Unanswered(op)
        ref, started = next(self._refs), time.perf_counter()
        give_up = started + self.rehearsal.people.answer_s_max
        payload = self.wire.command(op, ref, fields)
        self.tally.counts[f"sent.{op}"] += 1
        try:
            self.connection.send(payload, binary=self.wire.binary)
            while ref not in self._replies:
                if self.connection is None or time.perf_counter() > give_up:
                    raise Unanswered(op)
                self._read(give_up - time.perf_counter())
        except Closed as closed:
            self._cut(closed)
            self._fire(op, started, 0, Unanswered("the connection broke"))
            raise Unanswered(op) from None
        except Unanswered:
            self._fire(op, started, 0, Unanswered("no reply"))
            raise
        reply = self._replies.pop(ref)
        self._judge(op, started, len(payload), reply)
        return reply

    def joined(self, reply: Message) -> None:
        """Called with the reply to each join; kinds look at the room here."""

    def heard(self, message: Message) -> None:
        """Called with each event that is no comment; kinds react here."""

    def now_ms(self) -> float:
        """The server's time."""
        return time.time() * 1000 + self.ahead_ms

    def _since(self, ms: float) -> float:
        """Milliseconds since then; the clocks of two machines may differ by one or two."""
        return max(0.0, self.now_ms() - ms)

    # Joining and leaving

    def _enter(self) -> None:
        started = time.perf_counter()
        try:
            self.connection = Connection.open(
                self.rehearsal.socket_url,
                self.wire.subprotocol,
                deflate=self.rng.random() < self.rehearsal.scenario.deflate_share,
                timeout_s=_CONNECT_S_MAX,
            )
        except ConnectError as error:
            self._fire("connect", started, 0, error)
            self.tally.counts["err.connect"] += 1
            self._rejoin_at = self.rehearsal.now_s + self.rng.uniform(0.5, 3)
            return
        self._fire("connect", started, 0, None)
        self._join()

    def _join(self) -> None:
        fields: Message = {}
        if self.role is not None:
            fields["token"] = self.rehearsal.token(self.user, self.name, self.role)
        if self._witness.last is not None:
            fields["last"] = self._witness.last
        before_ms = time.time() * 1000
        try:
            reply = self.command("join", **fields)
        except Unanswered:
            self._rejoin_soon(None)
            return
        if reply["t"] == "err":
            self._rejoin_soon(reply.get("retry_ms"))
            return
        self.ahead_ms = reply["now"] - (before_ms + time.time() * 1000) / 2
        self.joined(reply)

    def _rejoin_soon(self, retry_ms: int | None) -> None:
        wait_s = self.rng.uniform(0.5, 3) if retry_ms is None else retry_ms / 1000
        self._rejoin_at = self.rehearsal.now_s + wait_s
        if self.connection is not None:
            self.connection.drop()
            self.connection = None

    def _lose_network(self, spread_s: float) -> None:
        self._witness.leaves(self.now_ms())
        self._rejoin_soon(int(self.rng.uniform(0, spread_s) * 1000))

    def _cut(self, closed: Closed) -> None:
        self.tally.counts[f"closed.{closed.code}"] += 1
        if self.connection is None:
            return
        self._witness.leaves(self.now_ms())
        self.connection.drop()
        self.connection = None
        self._rejoin_at = max(self._rejoin_at, self.rehearsal.now_s + self.rng.uniform(0.2, 2))
        if 4400 <= closed.code < 4500 and self.honest:
            self.tally.counts["err.sent_away"] += 1
            raise StopUser

    # Listening

    def _read(self, timeout_s: float) -> None:
        if self.connection is None:
            pause = min(timeout_s, max(self._rejoin_at - self.rehearsal.now_s, 0.01))
            gevent.sleep(pause)
            return
        before = self.connection.bytes_in
        try:
            payloads = self.connection.read(timeout_s)
        except Closed as closed:
            self._cut(closed)
            return
        self.tally.counts["bytes"] += self.connection.bytes_in - before
        for payload in payloads:
            try:
                frame = self.wire.frame(payload)
            except (ValueError, KeyError, TypeError) as error:
                self.tally.wrong("unreadable_frame", str(error))
                continue
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        self.tally.counts["frames"] += 1
        comments = frame.comments
        if comments:
            self.tally.counts["comments"] += len(comments)
            took_ms = self._since(self.rng.choice(comments)["ts"])
            if self.honest:
                self.tally.time("push.sample", took_ms)
            if self._witness.audited:
                self._witness.comments(comments)
                self.fire("push", "comment", took_ms, frame.size, None)
        if frame.left_out:
            self._witness.left_out(frame.left_out)
            self.tally.counts["left_out"] += frame.left_out
        for message in frame.others:
            self._one(message)

    def _one(self, message: Message) -> None:
        kind = message["t"]
        if kind in ("ok", "err"):
            if "room" in message:  # events may follow in the same breath
                for missed in self._witness.joined(message):
                    self.heard(missed)
            if message["ref"] is not None:
                self._replies[message["ref"]] = message
            return
        self.tally.counts[f"event.{kind}"] += 1
        self._witness.event(message)
        if kind == "notice" and self.honest:
            self._time_beacon(message["text"])
        elif kind == "bye":
            self._rejoin_at = self.rehearsal.now_s + (message.get("reconnect_ms") or 1000) / 1000
        self.heard(message)

    def _time_beacon(self, text: str) -> None:
        if text.startswith(BEACON):
            took_ms = self._since(float(text.removeprefix(BEACON)))
            self.tally.time("push.must", took_ms)
            if self._witness.audited:
                self.fire("push", "notice", took_ms, 0, None)

    # What locust is told

    def _judge(self, op: str, started: float, size: int, reply: Message) -> None:
        if reply["t"] == "ok":
            self.tally.counts[f"ok.{op}"] += 1
            self._fire(op, started, size, None)
            return
        code = reply["code"]
        self.tally.counts[f"err.{op}.{code}"] += 1
        error = (
            None if code in REFUSALS or not self.honest else RuntimeError(f"{code}: {reply['msg']}")
        )
        self._fire(op if error else f"{op} ({code})", started, size, error, op)

    def _fire(
        self, name: str, started: float, size: int, error: Exception | None, op: str | None = None
    ) -> None:
        took_ms = (time.perf_counter() - started) * 1000
        if self.honest:
            self.tally.counts["tried"] += 1
            self.tally.counts["failed"] += error is not None
            if error is None:
                self.tally.time(f"reply.{op or name}", took_ms)
        else:
            name = f"{name} by an abuser"
            error = None
        self.fire("command", name, took_ms, size, error)

    def fire(
        self, kind: str, name: str, took_ms: float, size: int, error: Exception | None
    ) -> None:
        """One line of locust's statistics."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=took_ms,
            response_length=size,
            exception=error,
            context={},
        )
