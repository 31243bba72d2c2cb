"""One in the crowd whose waits are measured, from a thread of its own."""

import threading
from abc import abstractmethod
from types import TracebackType
from typing import Self

from websockets.exceptions import WebSocketException


class Visitor:
    """Acts again and again from entering to leaving, and times each answer."""

    def __init__(self, name: str) -> None:
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.took_ms: list[float] = []
        """The time of each answer."""
        self.refused: list[str] = []
        """The codes of refusals, and what ended the thread early: there should be none."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._thread.join(timeout=10)

    def quantile_ms(self, q: float) -> float | None:
        """The q-quantile; None if anything was refused or nothing was answered."""
        if self.refused or not self.took_ms:
            return None
        return sorted(self.took_ms)[int(len(self.took_ms) * q)]

    def _run(self) -> None:
        try:
            self.act()
        except (OSError, TimeoutError, WebSocketException) as error:
            self.refused.append(f"{type(error).__name__}: {error}")

    @abstractmethod
    def act(self) -> None:
        """Do it until `over`. Raises OSError, TimeoutError or WebSocketException."""
