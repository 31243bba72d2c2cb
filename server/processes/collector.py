"""Makes Python's collector of reference cycles pause a worker briefly.

Decision 33 has the measurements and the rejected options.
"""

import gc
import time
from typing import Self

from server.telemetry.metrics import Metrics

THRESHOLDS = (5_000, 10, 100)
"""New objects before the youngest are looked at; such looks before the middle ones are looked at;
and of these before all objects are. Python's own are 700, 10, 10."""


class Collector:
    """Sets the collector for a server and measures its pauses. A context manager.

    Enter it when all modules are imported: what exists then is not looked at again. It changes the
    whole process.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._pauses = [
            metrics.collector_pause_seconds.labels(str(generation))
            for generation in range(len(THRESHOLDS))
        ]
        self._began = 0.0
        self._thresholds_before = gc.get_threshold()

    def __enter__(self) -> Self:
        gc.collect()
        gc.freeze()
        self._thresholds_before = gc.get_threshold()
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._measure)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._measure)
        gc.set_threshold(*self._thresholds_before)
        gc.unfreeze()

    def _measure(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            pause = time.perf_counter() - self._began
            self._pauses[info["generation"]].observe(pause)
