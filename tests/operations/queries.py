"""Every query that we ship, held to what a server really tells."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.operations.promql import Selector, groupings_in, selectors_in
from tests.operations.shipped import documents, rules
from tests.test_metrics_pages import expressions

OF_SCRAPING = {"job", "instance"}
"""Labels that Prometheus adds to what it reads."""
OF_PROMETHEUS = {"ALERTS": {"alertname": {"LiveroomDown"}, "alertstate": {"firing", "pending"}}}
"""What it tells of itself."""
Told = Mapping[str, Mapping[str, set[str]]]
"""metric -> label -> the values that samples have."""


def recorded() -> dict[str, str]:
    """Figures that rules record, by name."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def queries() -> Iterator[str]:
    """Every query that we ship."""
    yield from (rule["expr"] for rule in rules())
    yield from expressions()
    for document in documents("autoscaling"):
        if document["kind"] == "ConfigMap":
            for rule in yaml.safe_load(document["data"]["config.yaml"])["rules"]:
                yield rule["seriesQuery"]


def told_by(text: str) -> dict[str, dict[str, set[str]]]:
    """What a scrape tells."""
    told: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            told[sample.name]["worker"].add(sample.labels["worker"])
            for label, value in sample.labels.items():
                told[sample.name][label].add(value)
    return told


def with_recorded(told: Told) -> dict[str, Mapping[str, set[str]]]:
    """With the figures that rules record, whose labels are those they group by."""
    known = {**told, **OF_PROMETHEUS}
    for name, query in recorded().items():
        [grouping] = groupings_in(query)
        [of] = grouping.of
        labels = set(grouping.labels) - {"le"}
        known[name] = {label: known[of.metric].get(label, set()) for label in labels}
    return known


def faults(query: str, known: Told) -> Iterator[str]:
    """What a query asks for that nobody tells."""
    asked = selectors_in(query)
    if not asked:
        yield f"{query}: asks for nothing"
    for selector in asked:
        if selector.metric not in known:
            yield f"{query}: there is no {selector.metric}"
            return
        yield from (f"{query}: {fault}" for fault in _bad_matchers(selector, known))
    for grouping in groupings_in(query):
        for selector in grouping.of:
            for label in set(grouping.labels) - known[selector.metric].keys() - OF_SCRAPING:
                yield f"{query}: {selector.metric} has no label {label}"


def _bad_matchers(selector: Selector, known: Told) -> Iterator[str]:
    for label, how, value in selector.matchers:
        if label in OF_SCRAPING or (label in ("namespace", "pod") and (how, value) == ("!=", "")):
            continue  # those of a pod are added by the operator's scraping
        values = known[selector.metric].get(label)
        if values is None:
            yield f"{selector.metric} has no label {label}"
        elif how in ("=", "=~"):
            for each in value.split("|") if how == "=~" else [re.escape(value)]:
                if not any(re.fullmatch(each, told) for told in values):
                    yield f"{label} of {selector.metric} is never {each}"
