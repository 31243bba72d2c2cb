"""One buyer in the crowd: how long a buy waits for its answer while comments pour in."""

import json
import secrets
import threading
import time
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

BUY_EVERY_S = 0.05


class Buyer:
    """Buys one unit after another from a thread of its own, from entering to leaving."""

    def __init__(self, url: str, token: str, sale: str) -> None:
        self._url, self._token, self._sale = url, token, sale
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="buyer", daemon=True)
        self.took_ms: list[float] = []
        """The time of each answered buy."""
        self.refused: list[str] = []
        """The codes of buys that were not answered ok: there should be none."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def p99_ms(self) -> float | None:
        """The 99th percentile; None if a buy was refused or none was answered."""
        if self.refused or not self.took_ms:
            return None
        return sorted(self.took_ms)[int(len(self.took_ms) * 0.99)]

    def _run(self) -> None:
        try:
            with connect(self._url, compression=None, max_queue=None) as socket:
                self._ask(socket, {"op": "join", "ref": 1, "token": self._token})
                for ref in range(2, 1_000_000):
                    if self._over.wait(BUY_EVERY_S):
                        return
                    self._buy(socket, ref)
        except (OSError, TimeoutError, WebSocketException) as error:
            self.refused.append(f"{type(error).__name__}: {error}")

    def _buy(self, socket: ClientConnection, ref: int) -> None:
        wish = {"op": "buy", "ref": ref, "sale": self._sale, "qty": 1, "key": secrets.token_hex(8)}
        sent = time.perf_counter()
        reply = self._ask(socket, wish)
        if reply["t"] == "ok":
            self.took_ms.append((time.perf_counter() - sent) * 1000)
        else:
            self.refused.append(reply["code"])

    def _ask(self, socket: ClientConnection, command: dict[str, Any]) -> dict[str, Any]:
        socket.send(json.dumps(command))
        while True:
            for message in json.loads(socket.recv(timeout=10)):
                if message.get("ref") == command["ref"]:
                    return dict(message)
