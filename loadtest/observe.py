"""Reads the server's vital signs during a run, and its books afterwards."""

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from loadtest import own_clock
from loadtest.fanout import process
from loadtest.rehearsal import host_of
from loadtest.splits import UNTOLD, Entry, entries_in
from loadtest.truth import Books, Order

_TIMEOUT_S = 10


class Unreachable(Exception):
    """The server did not answer, or with an error; the text says which, `status` is HTTP's or 0."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Server:
    """One server by its URL; by its process too, if it runs on this machine."""

    def __init__(self, url: str, token: str, pid: int | None, platform_fee: int = UNTOLD) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._pid = pid
        self._platform_fee = platform_fee
        self._before: tuple[float, float] | None = None
        self._lag_before: tuple[float, float] = (0.0, 0.0)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One REST call; its JSON. Raises Unreachable."""
        text = self._text(method, path, body)
        try:
            return json.loads(text) if text else None
        except ValueError:
            raise Unreachable(
                f"{self._url}{path} did not answer with JSON: is it a Liveroom server?"
            ) from None

    def _text(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the tester names the server
            f"{self._url}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                text: bytes = answer.read()
        except urllib.error.HTTPError as error:
            said = error.read(500).decode("utf-8", "replace")
            raise Unreachable(f"{method} {path} gave {error.code}: {said}", error.code) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unreachable(f"{method} {self._url}{path}: {error}") from None
        return text

    def open_room(self, room: str, title: str) -> None:
        """Make the room, if it is not there, and go live. Raises Unreachable.

        A room of another host has status 403, though it may be live: its host's commands are not
        ours to send.
        """
        try:
            there = self.call("GET", f"/v1/rooms/{room}")
            if there["host"] != host_of(room):
                raise Unreachable(f"Room {room} belongs to another host, {there['host']}", 403)
            phase = there["phase"]
        except Unreachable as error:
            if error.status != 404:
                raise
            phase = self.call("POST", "/v1/rooms", {"room": room, "title": title})["phase"]
        if phase != "live":
            self.call("POST", f"/v1/rooms/{room}/live", {"phase": "live"})

    def books(self, room: str) -> Books:
        """All orders and sales of the room, its totals, and what its host got of each order. Raises
        Unreachable."""
        sales, stats = (self.call("GET", f"/v1/rooms/{room}/{part}") for part in ("sales", "stats"))
        return Books(self._orders(room), sales, stats, self._shares(room), self._platform_fee)

    def _shares(self, room: str) -> list[Entry]:
        table = self._text("GET", f"/v1/hosts/{host_of(room)}/statements.csv").decode()
        try:
            return entries_in(table, room)
        except ValueError as error:
            raise Unreachable(f"The statement of room {room} can't be read: {error}") from None

    def _orders(self, room: str) -> list[Order]:
        """Every order as it is now. One that changes meanwhile comes again on a later page."""
        latest: dict[str, list[Order]] = {}
        after: int | None = 0
        while after is not None:
            page = self.call("GET", f"/v1/rooms/{room}/orders?after={after}")
            on_page: dict[str, list[Order]] = {}
            for order in page["orders"]:
                on_page.setdefault(order["order"], []).append(order)
            latest |= on_page
            after = page["next"]
        return [order for same in latest.values() for order in same]

    def vitals(self) -> dict[str, float]:
        """Return CPU (share of a core), memory (MB) and loop lag (ms), where they are visible."""
        seen = self._loop_lag()
        if self._pid is not None:
            cost, now = process.cost([self._pid]), time.monotonic()
            if self._before is not None:
                seen["cpu"] = (cost.server_s - self._before[0]) / (now - self._before[1])
            self._before = (cost.server_s, now)
            seen["memory_mb"] = process.memory_bytes(self._pid) / 1e6
        return seen

    def command_times(self) -> own_clock.Buckets:
        """Return the server's histogram of command times so far; empty if it has none."""
        return own_clock.read(self._metrics())

    def _metrics(self) -> list[str]:
        try:
            with urllib.request.urlopen(f"{self._url}/metrics", timeout=2) as answer:  # noqa: S310
                rows: list[str] = answer.read().decode().splitlines()
                return rows
        except (OSError, http.client.HTTPException):
            return []

    def _loop_lag(self) -> dict[str, float]:
        """The mean lateness of the loop's timers since the last look."""
        rows = self._metrics()
        if not rows:
            return {}
        seen = {}
        memory = _sum_of(rows, "process_resident_memory_bytes")
        if memory and self._pid is None:
            seen["memory_mb"] = memory / 1e6
        total = _sum_of(rows, "liveroom_loop_lag_seconds_sum")
        n = _sum_of(rows, "liveroom_loop_lag_seconds_count")
        before_total, before_n = self._lag_before
        workers = sum(row.startswith("liveroom_loop_lag_seconds_count") for row in rows)
        if workers:
            seen["workers"] = workers
        if n > before_n:
            seen["loop_lag_ms"] = (total - before_total) / (n - before_n) * 1000
        self._lag_before = (total, n)
        return seen


def _sum_of(rows: list[str], name: str) -> float:
    """A metric over all its labels: a server tells one value for each of its workers."""
    mine = (row for row in rows if row.startswith((f"{name}{{", f"{name} ")))
    return sum(float(row.rsplit(" ", 1)[1]) for row in mine)
