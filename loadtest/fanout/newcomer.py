"""People who join a full room one by one: how long each waits for the reply."""

import json
import threading
import time
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

_PAUSE_S = (0.02, 0.08)
"""Drawn at random: in step with the passes of the room, each would wait equally long."""


class Newcomers:
    """Joins, leaves and joins again as somebody else, from a thread of its own.

    `token_of(n)` makes the token of the n-th newcomer.
    """

    def __init__(self, url: str, token_of: Callable[[int], str]) -> None:
        self._url, self._token_of = url, token_of
        self._over = threading.Event()
        self._random = Random(1)
        self._thread = threading.Thread(target=self._run, name="newcomers", daemon=True)
        self.took_ms: list[float] = []
        """From sending each `join` to its reply."""
        self.refused: list[str] = []

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

    def quantile_ms(self, q: float) -> float | None:
        """The q-quantile; None if a join was refused or none was answered."""
        if self.refused or not self.took_ms:
            return None
        return sorted(self.took_ms)[int(len(self.took_ms) * q)]

    def _run(self) -> None:
        n = 0
        try:
            while not self._over.wait(self._random.uniform(*_PAUSE_S)):
                self._join(n)
                n += 1
        except (OSError, TimeoutError, WebSocketException) as error:
            self.refused.append(f"{type(error).__name__}: {error}")

    def _join(self, n: int) -> None:
        join = json.dumps({"op": "join", "ref": 1, "token": self._token_of(n)})
        with connect(self._url, compression=None, max_queue=None) as socket:
            sent = time.perf_counter()
            socket.send(join)
            reply = json.loads(socket.recv(timeout=10))[0]
            self.took_ms.append((time.perf_counter() - sent) * 1000)
        if reply["t"] != "ok":
            self.refused.append(str(reply["code"]))
