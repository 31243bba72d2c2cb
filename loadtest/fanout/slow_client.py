"""The load client where no compiler is: one selectors loop, no JSON, as little as Python allows.

Uncompressed streams are counted with `bytes.count` over whatever recv gave, without looking at
frames: the mark is two bytes, and one that is cut in two is put together. Frames are only taken
apart until a viewer has joined, and where they are compressed. It sends no pongs: a measured run
is shorter than any server's patience.
"""

import os
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field

from loadtest.fanout.inflaters import FRESH, Inflaters
from loadtest.fanout.plan import DIGITS, MARK, REF, STEP_US, Crowd, Delivered, Joins, Talk

_READ_BYTES = 1 << 20


@dataclass(slots=True, eq=False)
class _Conn:
    """One connection; `rest` holds bytes that are not parsed yet."""

    sock: socket.socket
    index: int
    publisher: bool
    upgraded: bool = False
    joined: bool = False
    greetings: int = 0
    alone: bool = False
    """Whether the server compresses each frame alone."""
    window: int = FRESH
    """The state of what was inflated so far, see inflaters.py."""
    rest: bytes = b""


@dataclass
class _Tally:
    """The counts of one interval."""

    delivered: int = 0
    bytes: int = 0
    frames: int = 0
    published: int = 0
    blocked: int = 0
    closed: int = 0
    latencies: dict[int, int] = field(default_factory=dict)
    latency_max_us: int = 0


class PythonClient:
    """See plan.LoadClient."""

    kind = "Python"

    def __init__(self, talk: Talk, crowd: Crowd) -> None:
        self._talk, self._crowd = talk, crowd
        self._compressed = b"permessage-deflate" in talk.request
        self._selector = selectors.DefaultSelector()
        self._page = bytearray(_READ_BYTES)
        self._conns: list[_Conn] = []
        self._publishers: list[_Conn] = []
        self._tally = _Tally()
        self._joined = self._failed = self._turn = self._reads = 0
        self._inflaters = Inflaters()
        self._seen: dict[tuple[int, bytes], tuple[list[int], int]] = {}

    def join(self, upto: int, timeout_s: float) -> Joins:
        """See LoadClient."""
        start = time.monotonic()
        while self._joined + self._failed < upto and time.monotonic() - start < timeout_s:
            waiting = len(self._conns) - self._joined - self._failed
            while len(self._conns) < upto and waiting < self._crowd.in_flight_max:
                self._open()
                waiting += 1
            self._poll(0.02)
        return Joins(self._joined, self._failed, time.monotonic() - start)

    def deliver(self, rate_per_s: float, seconds: float) -> Delivered:
        """See LoadClient."""
        self._tally = tally = _Tally()
        start = now = time.monotonic()
        end, gap = start + seconds, 1 / rate_per_s if rate_per_s else seconds * 2
        due = start + gap / 2
        while now < end:
            while due <= now:
                self._publish(int(due * 1e6))
                due += gap
            self._poll(max(0.0, min(min(due, end) - now, 0.02)))
            now = time.monotonic()
        histogram = [tally.latencies.get(i, 0) for i in range(max(tally.latencies, default=-1) + 1)]
        return Delivered(
            tally.delivered, tally.bytes, tally.frames, tally.published, tally.blocked,
            tally.closed, now - start, tally.latency_max_us, histogram,
        )  # fmt: skip

    def close(self) -> None:
        """See LoadClient."""
        for conn in self._conns:
            conn.sock.close()
        self._selector.close()

    def _open(self) -> None:
        index = len(self._conns)
        sock = socket.socket()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((f"127.0.0.{1 + index % self._crowd.sources}", 0))
        conn = _Conn(sock, index, index >= self._crowd.viewers)
        self._conns.append(conn)
        try:
            sock.connect(("127.0.0.1", self._crowd.port))
            sock.sendall(self._talk.publish_request if conn.publisher else self._talk.request)
        except OSError:
            self._failed += 1
            return
        sock.setblocking(False)
        self._selector.register(sock, selectors.EVENT_READ, conn)

    def _poll(self, wait_s: float) -> None:
        for key, _ in self._selector.select(wait_s):
            conn: _Conn = key.data
            try:
                got = conn.sock.recv_into(self._page)
            except BlockingIOError:
                continue
            except OSError:
                got = 0
            if not got:
                self._leave(conn)
            elif not conn.joined:
                self._greet(conn, conn.rest + self._page[:got])
            elif not conn.publisher:
                self._tally.bytes += got
                self._take(conn, got)

    def _leave(self, conn: _Conn) -> None:
        self._selector.unregister(conn.sock)
        conn.sock.close()
        if conn.joined:
            self._tally.closed += 1
        else:
            self._failed += 1

    def _greet(self, conn: _Conn, data: bytes) -> None:
        conn.rest = data
        if not conn.upgraded:
            head, end, conn.rest = data.partition(b"\r\n\r\n")
            if not end:
                conn.rest = data
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                self._leave(conn)
                return
            conn.upgraded = True
            conn.alone = b"server_no_context_takeover" in head
            if self._talk.hellos:
                binary = self._talk.binary and not conn.publisher
                conn.sock.sendall(_masked(self._talk.hellos[conn.index], 2 if binary else 1))
        for first, payload in self._frames(conn):
            if first & 0x40:
                self._stamps(conn, payload, compressed=True)
            conn.greetings += 1 + payload.count(b"\n", 0, -1) * self._talk.by_line
            if self._talk.engine_io and payload.startswith(b"0"):
                conn.sock.sendall(_masked(b"40", 1))
        if conn.greetings >= self._talk.greetings:
            conn.joined = True
            self._joined += 1
            if conn.publisher:
                self._publishers.append(conn)

    def _frames(self, conn: _Conn) -> list[tuple[int, bytes]]:
        """The whole frames in `rest`, taken out of it: (first byte, payload)."""
        data, at, frames = conn.rest, 0, []
        while len(data) - at >= 2:
            n, head = data[at + 1] & 127, 2
            if n == 126:
                n, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif n == 127:
                n, head = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if len(data) - at < head + n:
                break
            frames.append((data[at], data[at + head : at + head + n]))
            at += head + n
        conn.rest = data[at:]
        return frames

    def _take(self, conn: _Conn, got: int) -> None:
        tally = self._tally
        if self._compressed:
            conn.rest += self._page[:got]
            for first, payload in self._frames(conn):
                tally.frames += 1
                self._sample(self._stamps(conn, payload, compressed=bool(first & 0x40)))
            return
        if conn.rest and self._page[0] == MARK[1]:  # the mark was cut in two
            tally.delivered += 1
        tally.delivered += self._page.count(MARK, 0, got)
        conn.rest = b"~" if self._page[got - 1] == MARK[0] else b""
        self._reads += 1
        at = self._page.find(MARK, 0, got) if self._reads % 7 == 0 else -1
        if 0 <= at < got - 2 - DIGITS:
            self._measure(int(self._page[at + 2 : at + 2 + DIGITS]))

    def _stamps(self, conn: _Conn, payload: bytes, *, compressed: bool) -> list[int]:
        if not compressed:
            return _stamps_in(payload)
        step = (conn.window, payload)
        found = self._seen.get(step)
        if found is None:
            try:
                plain, window = self._inflaters.inflate(*step, alone=conn.alone)
            except LookupError:
                return []  # its comments are missing in `of due`
            if len(self._seen) > 500:
                self._seen.clear()
            found = self._seen[step] = (_stamps_in(plain), window)
        stamps, conn.window = found
        return stamps

    def _sample(self, stamps: list[int]) -> None:
        before, tally = self._tally.delivered // self._crowd.sample_every, self._tally
        tally.delivered += len(stamps)
        if stamps and tally.delivered // self._crowd.sample_every != before:
            self._measure(stamps[tally.delivered % len(stamps)])

    def _measure(self, stamp_us: int) -> None:
        took = int(time.monotonic() * 1e6) - stamp_us
        step = took // STEP_US
        self._tally.latencies[step] = self._tally.latencies.get(step, 0) + 1
        self._tally.latency_max_us = max(self._tally.latency_max_us, took)

    def _publish(self, due_us: int) -> None:
        text = self._talk.templates[self._turn * 7 % len(self._talk.templates)]
        head, _, tail = text.partition(MARK)
        text = head + MARK + b"%016d" % due_us + tail[DIGITS:]
        text = text.replace(REF.encode(), b"%09d" % (100_000_000 + self._turn))
        conn = self._publishers[self._turn % len(self._publishers)]
        self._turn += 1
        try:
            sent = conn.sock.send(frame := _masked(text, 1))
            if sent < len(frame):
                conn.sock.setblocking(True)  # rather wait than cut a frame in two
                conn.sock.sendall(frame[sent:])
                conn.sock.setblocking(False)
            self._tally.published += 1
        except OSError:
            self._tally.blocked += 1


def _stamps_in(plain: bytes) -> list[int]:
    return [int(part[:DIGITS]) for part in plain.split(MARK)[1:]]


def _masked(payload: bytes, opcode: int) -> bytes:
    n, mask = len(payload), os.urandom(4)
    head = struct.pack("!BB", 0x80 | opcode, 0x80 | n)
    if n >= 126:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, n)
    key = (mask * (n // 4 + 1))[:n]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return head + mask + body.to_bytes(n, "big")
