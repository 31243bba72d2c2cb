"""Buyers who rush a sale in the same second, over real WebSockets, each waiting for an answer."""

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import uvloop

from loadtest.tokens import mint

STOCK = 500
ROOM = "rush"
_SECRET = "a secret for this benchmark alone"  # noqa: S105 - of a server that lives for seconds


class Rush(NamedTuple):
    """The results of the buyers; times in seconds."""

    answers: Counter[str]
    p50: float
    p99: float
    per_s: float
    sold: int


class Buyer(asyncio.Protocol):
    """One WebSocket: joins, then buys when told, and remembers how long the answer took."""

    def __init__(self, host: str, token: str) -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sent = self.took = 0.0
        self._host, self._token = host, token
        self._unread = b""
        self._open = False

    def connection_made(self, transport: Any) -> None:
        """Shake hands."""
        self._transport = transport
        key = "AAAAAAAAAAAAAAAAAAAAAA=="
        transport.write(
            f"GET /v1/rooms/{ROOM}/ws HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: liveroom.v1.json\r\n\r\n".encode()
        )

    def send(self, command: dict[str, Any]) -> None:
        """One masked text frame."""
        payload = json.dumps(command).encode()
        size = len(payload)
        head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        self._transport.write(head + b"\0\0\0\0" + payload)

    def buy(self, sale: str) -> None:
        """Rush."""
        self.sent = time.perf_counter()
        self.send({"op": "buy", "ref": 2, "sale": sale, "qty": 1, "key": secrets.token_hex(8)})

    def data_received(self, data: bytes) -> None:
        """Read whole frames; the ones that matter are the replies."""
        self._unread += data
        if not self._open:
            head, mark, rest = self._unread.partition(b"\r\n\r\n")
            if not mark:
                return
            assert head.startswith(b"HTTP/1.1 101"), head[:200]
            self._open, self._unread = True, rest
            self.send({"op": "join", "ref": 1, "token": self._token})
        while (frame := self._frame()) is not None:
            if b'"ref":1' in frame and not self.ready.done():
                assert b'"err"' not in frame, frame[:200]
                self.ready.set_result(None)
            elif b'"ref":2' in frame and not self.answer.done():
                self.took = time.perf_counter() - self.sent
                reply = next(m for m in json.loads(frame) if m.get("ref") == 2)
                self.answer.set_result(reply.get("code", "ok"))

    def _frame(self) -> bytes | None:
        data = self._unread
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10], "big"), 10
        if len(data) < start + size:
            return None
        self._unread = data[start + size :]
        return data[start : start + size]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio gives it)
        """Whoever is not answered by now is lost."""
        for waiting in (self.ready, self.answer):
            if not waiting.done():
                waiting.set_result("lost")  # type: ignore[arg-type]


class Server:
    """`liveroom serve` on a free port with a folder of its own."""

    def __init__(self, folder: str, fair_window_ms: int) -> None:
        environment = os.environ | {
            "LIVEROOM_JWT_SECRET": _SECRET,
            "LIVEROOM_SERVER_PORT": "0",
            "LIVEROOM_DATA_DIR": folder,
            "LIVEROOM_ORDERS_FAIR_WINDOW_MS": str(fair_window_ms),
            "LIVEROOM_EDGE_ACCEPTS_PER_S_MAX": "0",  # the crowd is there before the rush
            "LIVEROOM_EDGE_JOINS_PER_S_MAX": "0",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"], env=environment, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        found = re.search(r"http://([\d.]+):(\d+)", line)
        assert found, line
        self.host, self.port = found[1], int(found[2])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """A REST request of the host."""
        token = mint(_SECRET, "host", "Host", role="host")
        request = urllib.request.Request(
            f"http://{self.host}:{self.port}/v1/rooms{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=60)


async def _rush(
    server: Server, open_sale: Callable[[], str], buyers: int
) -> tuple[Counter[str], list[float], float]:
    loop = asyncio.get_running_loop()
    crowd: list[Buyer] = []
    for first in range(0, buyers, 200):
        joining = []
        for n in range(first, min(first + 200, buyers)):
            buyer = Buyer(f"{server.host}:{server.port}", mint(_SECRET, f"u{n}", f"Buyer {n}"))
            await loop.create_connection(lambda b=buyer: b, server.host, server.port)
            joining.append(buyer)
        await asyncio.gather(*(buyer.ready for buyer in joining))
        crowd += joining
    # Opened when everybody is there, so that the rush meets the first moments of the sale.
    sale = await asyncio.to_thread(open_sale)
    began = time.perf_counter()
    for n, buyer in enumerate(crowd):
        loop.call_later(n / buyers, buyer.buy, sale)
    async with asyncio.timeout(120):
        answers = Counter(await asyncio.gather(*(buyer.answer for buyer in crowd)))
    took = time.perf_counter() - began
    return answers, sorted(buyer.took for buyer in crowd), took


def measure(buyers: int, fair_window_ms: int) -> Rush:
    """`buyers` rush STOCK units within one second."""
    with tempfile.TemporaryDirectory(prefix="lr-rush-") as folder:
        server = Server(folder, fair_window_ms)
        try:
            server.call("POST", "", {"room": ROOM, "title": "Rush"})
            product = {"sku": "tea", "title": "Tea", "price": 9900, "currency": "CNY"}
            server.call("PUT", f"/{ROOM}/shelf/tea", product)
            server.call("POST", f"/{ROOM}/live", {"phase": "live"})
            wish = {"sku": "tea", "price": 990, "stock": STOCK, "per_user": 1, "hold_s": 600}

            def open_sale() -> str:
                return str(server.call("POST", f"/{ROOM}/sales", wish)["sale"])

            answers, took, seconds = uvloop.run(_rush(server, open_sale, buyers))
            (state,) = server.call("GET", f"/{ROOM}/sales")
        finally:
            server.stop()
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    return Rush(answers, p50, p99, buyers / seconds, state["held"] + state["sold"])
