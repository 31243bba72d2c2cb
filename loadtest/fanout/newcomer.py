"""People who join a full room one by one: how long each waits for the reply."""

import json
import time
from collections.abc import Callable
from random import Random

from websockets.sync.client import connect

from loadtest.fanout.visitor import Visitor

_PAUSE_S = (0.02, 0.08)
"""Drawn at random: in step with the passes of the room, each would wait equally long."""


class Newcomers(Visitor):
    """Joins, leaves and joins again as somebody else. Timed is each `join`, from sending it.

    `token_of(n)` makes the token of the n-th newcomer.
    """

    def __init__(self, url: str, token_of: Callable[[int], str]) -> None:
        super().__init__("newcomers")
        self._url, self._token_of = url, token_of
        self._random = Random(1)

    def act(self) -> None:
        """Join as one after the other."""
        n = 0
        while not self.over.wait(self._random.uniform(*_PAUSE_S)):
            self._join(n)
            n += 1

    def _join(self, n: int) -> None:
        join = json.dumps({"op": "join", "ref": 1, "token": self._token_of(n)})
        with connect(self._url, compression=None, max_queue=None) as socket:
            sent = time.perf_counter()
            socket.send(join)
            reply = json.loads(socket.recv(timeout=10))[0]
            self.took_ms.append((time.perf_counter() - sent) * 1000)
        if reply["t"] != "ok":
            self.refused.append(str(reply["code"]))
