"""Lists the planned moments of a run: T0 of the largest sales, bursts, drops."""

from typing import NamedTuple

from loadtest.scenario import Scenario

_SALES_MAX = 6
"""More lines of sales would hide the curves: the largest are marked."""


class Mark(NamedTuple):
    """A moment, or a time from `at_s` to `until_s`; `kind` is sale, burst or drop."""

    kind: str
    at_s: float
    until_s: float
    label: str


def marks(scenario: Scenario) -> list[Mark]:
    """Return the marks behind the curves, in order of time."""
    sales = [act for act in scenario.host_acts() if act.do == "sale"]
    largest = sorted(sales, key=lambda act: -act.stock)[:_SALES_MAX]
    found = [
        Mark("sale", at_s, at_s, f"T0 of {act.sku}, {act.stock} units")
        for act in largest
        for at_s in (act.at_s + act.starts_in_s,)
    ]
    found += [
        Mark("burst", it.from_s, it.until_s, f"burst: {it.times:g} times as fast")
        for it in scenario.burst
    ]
    found += [
        Mark("drop", it.at_s, it.at_s + it.spread_s, f"{it.share:.0%} of the connections drop")
        for it in scenario.drop
    ]
    return sorted(found, key=lambda mark: mark.at_s)
