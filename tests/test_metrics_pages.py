"""The operations page and the dashboard name the metrics that there are, and all of them."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector

from server.telemetry.metrics import Metrics

ROOT = Path(__file__).parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "config" / "grafana-dashboard.json").read_text())
NAME = re.compile(r"\b(?:liveroom|process)_[a-z_]+")
UP = "liveroom_worker_up"


def ours() -> dict[str, str]:
    """Each of our metrics as it is asked for, with its type; histograms without an ending."""
    return {UP: "gauge"} | {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in Metrics().registry.collect()
    }


def of_the_process() -> set[str]:
    """What is told about the process of a worker."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return {sample.name for family in registry.collect() for sample in family.samples}


def expressions() -> list[str]:
    """All queries of the dashboard."""
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def test_the_page_explains_every_metric_and_no_other() -> None:
    table = re.findall(r"^\| (`(?:liveroom|process)_[^|]*) \|", OPERATIONS, re.MULTILINE)
    explained = {name for cell in table for name in NAME.findall(cell)}

    assert {name for name in explained if name.startswith("liveroom_")} == set(ours())
    assert {name for name in explained if name.startswith("process_")} <= of_the_process()


def test_the_dashboard_draws_every_metric_and_no_other() -> None:
    drawn = {
        re.sub(r"_bucket$", "", name) for query in expressions() for name in NAME.findall(query)
    }

    assert {name for name in drawn if name.startswith("liveroom_")} == set(ours())
    assert {name for name in drawn if name.startswith("process_")} <= of_the_process()


def test_the_dashboard_asks_as_the_type_of_a_metric_wants() -> None:
    for query in expressions():
        for name in NAME.findall(query):
            kind = ours().get(name.removesuffix("_bucket"))
            if kind == "histogram":
                assert "histogram_quantile(" in query
                assert name.endswith("_bucket")
            elif kind == "counter":
                assert f"rate({name}" in query


def test_the_dashboard_groups_by_labels_that_exist() -> None:
    known = {"le", "job", "instance", "worker"}
    known |= {"op", "outcome", "reason", "code", "script", "status", "task", "sender"}
    known |= {"page", "kind", "endpoint", "alertname", "alertstate"}
    for query in expressions():
        for group in re.findall(r"by \(([^)]*)\)", query):
            assert {label.strip() for label in group.split(",")} <= known


def test_panels_do_not_lie_over_each_other() -> None:
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken
                taken.add((x, y))
        assert place["x"] + place["w"] <= 24
