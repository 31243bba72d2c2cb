"""Those who come to a rehearsal to break its rules."""

import os
import time
from typing import Any

import gevent
from locust import task

from loadtest.connection import Closed, ConnectError, Connection
from loadtest.person import Person, Unanswered


class Abuser(Person):
    """Breaks the rules for clients: floods, sends junk or too much, never reads, hoards sockets.

    What happens to an abuser is counted apart; the criteria are about everybody else.
    """

    kind = "abuser"
    honest = False

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._way = self.rng.choice(("flood", "junk", "oversize", "deaf", "pings", "sockets"))
        self._held: list[Connection] = []

    @task
    def misbehave(self) -> None:
        """A second of it, in this abuser's own way."""
        self.tally.counts[f"abuse.{self._way}"] += 1
        if self.connection is None:
            return
        try:
            getattr(self, f"_{self._way}")()
        except (Closed, ConnectError, Unanswered):
            self.tally.counts[f"abuse.{self._way}.cut_off"] += 1

    def on_stop(self) -> None:
        """Let go of everything."""
        for held in self._held:
            held.drop()
        super().on_stop()

    def _send(self, payload: bytes) -> None:
        assert self.connection is not None
        self.connection.send(payload, binary=self.wire.binary)

    def _flood(self) -> None:
        end = time.monotonic() + 1
        for ref in range(1_000_000, 2_000_000):
            if time.monotonic() > end:
                return
            self._send(self.wire.command("comment", ref, {"text": "买买买" * 10}))
            if ref % 50 == 0:
                gevent.sleep(0)

    def _junk(self) -> None:
        self._send(
            self.rng.choice((b"{", b"[]", b'{"op":1}', b"\x00", os.urandom(40).hex().encode()))
        )

    def _oversize(self) -> None:
        self._send(self.wire.command("comment", 1_000_000, {"text": "x" * 100_000}))

    def _deaf(self) -> None:
        gevent.sleep(10)  # meanwhile the room's messages pile up in the server

    def _pings(self) -> None:
        assert self.connection is not None
        for n in range(2000):
            self.connection.ping()
            if n % 50 == 0:
                gevent.sleep(0)

    def _sockets(self) -> None:
        if len(self._held) < 200:
            url, subprotocol = self.rehearsal.socket_url, self.wire.subprotocol
            self._held.append(Connection.open(url, subprotocol, deflate=False, timeout_s=5))
