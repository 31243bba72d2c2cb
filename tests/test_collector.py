"""The collector of cycles pauses a worker briefly, and says for how long."""

import subprocess
import sys

# A process of its own: here nothing that was collected is looked at again (tests/conftest.py), and
# a Collector that is left would end that for all tests after it.
PROGRAM = """
import gc

from server.processes.collector import THRESHOLDS, Collector
from server.telemetry.metrics import Metrics

def full_looks(metrics):
    name = "liveroom_collector_pause_seconds_count"
    return metrics.registry.get_sample_value(name, {"generation": "2"}) or 0.0

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
"""


def test_it_sets_objects_that_last_aside_and_measures_until_it_is_left() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
