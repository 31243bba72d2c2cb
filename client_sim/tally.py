"""Counts the commands, events and latencies of a run as they happen."""

import time
from collections import Counter

from client_sim.client import LEFT
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message


class Latency:
    """Times in ms as a histogram: exact to 0.1 ms below 100 ms, to 1 ms above."""

    def __init__(self) -> None:
        self.counts: Counter[float] = Counter()  # by time in ms

    def add(self, ms: float) -> None:
        """Count one time."""
        self.counts[round(ms, 1) if ms < 100 else float(round(ms))] += 1

    def merge(self, other: "Latency") -> None:
        """Count all that another one counted."""
        self.counts += other.counts

    def __len__(self) -> int:
        return self.counts.total()

    def quantile(self, q: float) -> float:
        """The time that a share `q` of all were within; 0 if there were none."""
        rest = q * len(self)
        for ms in sorted(self.counts):
            rest -= self.counts[ms]
            if rest <= 0:
                return ms
        return 0.0


class Tally(Observer):
    """One for all people of a run. `clock_ahead_ms`: how far the server's clock is before ours."""

    def __init__(self) -> None:
        self.replies: dict[str, Counter[str]] = {}  # by op: how often ok, or which error
        self.events: Counter[str] = Counter()
        self.reply_ms: dict[str, Latency] = {}  # by op
        self.delivery_ms = Latency()  # from the server's `ts` of a comment to its arrival
        self.joins = 0
        self.resumes = 0
        self.losses: Counter[str] = Counter()  # by close code and reason
        self.clock_ahead_ms = 0.0

    def joined(self, asked: Position | None, reply: Message) -> None:
        """Count a join."""
        self.joins += 1
        self.resumes += asked is not None and not reply.get("gap")

    def event(self, event: Message) -> None:
        """Count an event."""
        t = event["t"]
        self.events[t] += 1
        if t == "comment":
            now_ms = time.time() * 1000 + self.clock_ahead_ms
            self.delivery_ms.add(max(0.0, now_ms - event["ts"]))

    def answered(self, command: Message, reply: Message, took_s: float) -> None:
        """Count a reply."""
        op = command["op"]
        result = "ok" if reply["t"] == "ok" else reply["code"]
        self.replies.setdefault(op, Counter())[result] += 1
        self.reply_ms.setdefault(op, Latency()).add(took_s * 1000)

    def unanswered(self, command: Message) -> None:
        """Count a command without a reply."""
        self.replies.setdefault(command["op"], Counter())["no answer"] += 1

    def lost(self, code: int, reason: str) -> None:
        """Count a lost connection; leaving by ourselves is none."""
        if reason != LEFT:
            self.losses[f"{code} {reason}"] += 1
