"""The collector of cycles pauses a worker briefly, and says for how long."""

import gc

from server.processes.collector import THRESHOLDS, Collector
from server.telemetry.metrics import Metrics


def full_looks(metrics: Metrics) -> float:
    name = "liveroom_collector_pause_seconds_count"
    return metrics.registry.get_sample_value(name, {"generation": "2"}) or 0.0


def test_it_sets_objects_that_last_aside_and_measures_until_it_is_left() -> None:
    before, frozen_before = gc.get_threshold(), gc.get_freeze_count()
    metrics = Metrics()
    with Collector(metrics):
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > frozen_before
        assert full_looks(metrics) == 0
        gc.collect()
        assert full_looks(metrics) == 1
    gc.collect()

    assert full_looks(metrics) == 1
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
