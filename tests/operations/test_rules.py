"""Alerts, recorded figures and the dashboard: what they are made of, and when alerts fire."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from server.cli.examples import example
from server.telemetry.metrics import Metrics
from tests.operations.promql import Matcher, Selector, selectors_in
from tests.operations.queries import faults, recorded
from tests.operations.shipped import ROOT, rules
from tests.test_metrics_pages import expressions

UNIT_TESTS = Path(__file__).parent / "alerts_test.yaml"


def test_a_query_that_nobody_answers_is_found() -> None:
    known = {"a_total": {"op": {"buy", "pay"}, "worker": {"1"}}}

    def said(query: str) -> list[str]:
        return [fault.partition(": ")[2] for fault in faults(query, known)]

    assert said('sum by (op) (rate(a_total{op=~"buy|pay",job=~"$job"}[1m])) / 1e6 > 0') == []
    assert said("sum by (op) (rate(b_total[1m]))") == ["there is no b_total"]
    assert said('max(a_total{op="bye"})') == ["op of a_total is never bye"]
    assert said('a_total{room="r1"}') == ["a_total has no label room"]
    assert said("sum by (le, instance) (a_total) unless max(a_total)") == [
        "a_total has no label le"
    ]
    assert said("1 + 1") == ["asks for nothing"]
    assert selectors_in('x:y:z{a="b{c}",d!~"e"}[5m]') == [
        Selector("x:y:z", (Matcher("a", "=", "b{c}"), Matcher("d", "!~", "e")))
    ]


def test_rules_ask_as_the_types_of_metrics_want() -> None:
    kinds = {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in Metrics().registry.collect()
    }
    for rule in rules():
        query = rule["expr"]
        for selector in selectors_in(query):
            kind = kinds.get(selector.metric.removesuffix("_bucket"))
            assert (kind == "histogram") == selector.metric.endswith("_bucket"), query
            if kind == "counter":
                assert re.search(rf"(rate|increase)\({selector.metric}\b", query), query


def test_an_alert_says_what_to_do_and_whom_to_wake() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert rule["alert"].startswith("Liveroom")
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.search(r"[:?] .*\.$", rule["annotations"]["summary"]), rule
        assert "for" in rule
    used = {selector.metric for rule in alerts for selector in selectors_in(rule["expr"])}
    drawn = {selector.metric for query in expressions() for selector in selectors_in(query)}
    assert set(recorded()) - used - drawn <= {"job:liveroom_connections:sum"}  # for years


def test_each_alert_is_seen_to_fire_and_to_be_silent() -> None:
    tested: dict[bool, set[str]] = {True: set(), False: set()}
    for group in yaml.safe_load(UNIT_TESTS.read_text("utf-8"))["tests"]:
        for each in group["alert_rule_test"]:
            tested[bool(each["exp_alerts"])].add(each["alertname"])
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    assert tested == {True: alerts, False: alerts}


def promtool(*arguments: str, folder: Path = ROOT) -> None:
    """Let Prometheus' own tool look. It comes with Debian's package `prometheus`."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    ran = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_prometheus_takes_the_rules_and_each_fires_when_it_should() -> None:
    promtool("check", "rules", "config/examples/alerts.yaml")
    promtool("test", "rules", str(UNIT_TESTS.relative_to(ROOT)))


def test_prometheus_takes_its_file(tmp_path: Path) -> None:
    file = ROOT / "config" / "examples" / "compose" / "prometheus.yml"
    (tmp_path / "prometheus.yml").write_text(file.read_text("utf-8"))
    (tmp_path / "alerts.yaml").write_text(example("alerts"))
    promtool("check", "config", "prometheus.yml", folder=tmp_path)


def test_the_dashboard_lets_the_owner_choose_where_its_figures_come_from() -> None:
    dashboard = json.loads(example("grafana"))
    names = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert names["datasource"]["type"] == "datasource"
    for panel in dashboard["panels"]:
        for place in (panel, *panel["targets"]):
            assert place["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    said = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(dashboard)))
    assert said - {"__all", "__rate_interval"} == set(names)
