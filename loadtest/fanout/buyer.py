"""One buyer in the crowd: how long a buy waits for its answer while comments pour in."""

import json
import secrets
import time
from typing import Any

from websockets.sync.client import ClientConnection, connect

from loadtest.fanout.visitor import Visitor

BUY_EVERY_S = 0.05


class Buyer(Visitor):
    """Buys one unit after another."""

    def __init__(self, url: str, token: str, sale: str) -> None:
        super().__init__("buyer")
        self._url, self._token, self._sale = url, token, sale

    def act(self) -> None:
        """Join, then buy every BUY_EVERY_S."""
        with connect(self._url, compression=None, max_queue=None) as socket:
            self._ask(socket, {"op": "join", "ref": 1, "token": self._token})
            for ref in range(2, 1_000_000):
                if self.over.wait(BUY_EVERY_S):
                    return
                self._buy(socket, ref)

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
