"""Judges a run: each criterion with its measurement."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from loadtest.mistakes import pushes
from loadtest.record import Record
from loadtest.scenario import Scenario
from loadtest.takings import Takings
from loadtest.tally import quantile
from loadtest.truth import Findings
from server.protocol.currencies import in_units


@dataclass(frozen=True)
class Line:
    """One criterion and its measurement."""

    what: str
    limit: str
    measured: str
    passed: bool


_RULES: dict[str, tuple[str, ...]] = {
    "Oversold": ("oversold", "negative_stock"),
    "Orders lost after ok": ("order_lost",),
    "Orders doubled": (
        "order_listed_twice", "order_given_twice", "refused_but_ordered", "two_orders_for_a_key",
    ),
    "Books that don't agree": (
        "order_of_another", "status_differs", "units_vanished", "orders_and_stock_differ",
        "totals_differ", "stock_does_not_add_up",
    ),
    "Orders shared wrongly": ("shared_wrongly",),
    "Events lost, doubled or out of order": (
        "event_lost", "event_twice", "gap_after_resume", "stock_went_back", "unreadable_frame",
    ),
    "Host's commands refused": ("host_was_refused",),
}  # fmt: skip
"""Forbidden faults, by the kinds that users saw during the run or the books showed after it."""
_NEVER = "never happened: play it longer, or with more people"


def judge(
    scenario: Scenario,
    record: Record,
    found: Findings | str,
    server: dict[str, float],
    takings: Takings | None = None,
) -> list[Line]:
    """Every criterion. `found` is a sentence if the books could not be read."""
    return [
        _looks(scenario, record),
        *_rules(record, found),
        *_untold(record),
        *_limits(scenario, record),
        *_money(scenario, takings or Takings()),
        *_leak(scenario, server),
    ]


def _looks(scenario: Scenario, record: Record) -> Line:
    """Return the number of looks: a run in which nothing happened proves nothing."""
    total = record.total
    looked = {
        "events": sum(n for name, n in total.counts.items() if name.startswith("event.")),
        "comments": total.counts["audit.expected"],
        "buys": len(total.told),
    }
    due = {"events": "must", "comments": "sample", "buys": "order"}
    wanted = [name for name, push in due.items() if push in pushes(scenario)]
    return Line(
        "Looked at", f"some {', '.join(wanted)}",
        ", ".join(f"{looked[name]:,} {name}" for name in wanted),
        passed=all(looked[name] for name in wanted),
    )  # fmt: skip


def _money(scenario: Scenario, takings: Takings) -> Iterator[Line]:
    """Compare paid orders and money with the targets for an hour."""
    currency = scenario.currency
    orders, gmv = takings.per_hour(scenario.sells_s, currency)
    wanted = scenario.criteria.orders_per_hour_min
    if wanted > 0:
        said = f"{orders:,.0f} ({takings.orders:,} in {scenario.sells_s:.0f} s)"
        yield Line("Paid orders an hour", f"≥ {wanted:,.0f}", said, passed=orders >= wanted)
    wanted = scenario.criteria.gmv_per_hour_min
    if wanted > 0:
        said, limit = (f"{in_units(n, currency):,.0f} {currency}" for n in (gmv, wanted))
        yield Line("GMV paid an hour", f"≥ {limit}", said, passed=gmv >= wanted)


def _rules(record: Record, found: Findings | str) -> Iterator[Line]:
    counts = Counter({kind: record.total.counts[f"wrong.{kind}"] for kind in record.total.wrongs})
    examples = {kind: [example] for kind, example in record.total.wrongs.items()}
    if isinstance(found, str):
        yield Line("Orders checked against the server's books", "done", found, passed=False)
    else:
        counts.update(found.counts)
        examples |= found.examples
    for what, kinds in _RULES.items():
        n = sum(counts[kind] for kind in kinds)
        shown = "; ".join(one for kind in kinds for one in examples.get(kind, ())[:2])
        yield Line(what, "0", f"{n} ({shown})" if n else "0", passed=n == 0)


def _untold(record: Record) -> Iterator[Line]:
    """Orders that the reply to `buy` gave, and of which no private event ever told."""
    given = [told for told in record.total.told.values() if told.said == "ok"]
    if given:
        untold = [told.order for told in given if not told.heard]
        examples = f" ({', '.join(untold[:2])})" if untold else ""
        said = f"{len(untold)} of {len(given):,}{examples}"
        yield Line("Orders that no event told to their buyer", "0", said, passed=not untold)


def _limits(scenario: Scenario, record: Record) -> Iterator[Line]:
    counts, criteria = record.total.counts, scenario.criteria
    tried = counts["tried"]
    rate = counts["failed"] / tried if tried else 1.0
    yield Line(
        "Commands that failed", f"≤ {criteria.error_rate_max:.2%}",
        f"{rate:.3%} of {tried:,}", passed=rate <= criteria.error_rate_max,
    )  # fmt: skip
    expected = counts["audit.expected"]
    share = 1 - counts["audit.missing"] / expected if expected else 1.0
    yield Line(
        "Comments delivered, or told as left out", f"≥ {criteria.delivered_min:.2%}",
        f"{share:.3%} of {expected:,} audited", passed=share >= criteria.delivered_min,
    )  # fmt: skip
    for prefix, limits in (("reply", criteria.reply_p99_ms), ("push", criteria.push_p99_ms)):
        for name, limit in limits.items():
            p99 = quantile(record.total.timed.get(f"{prefix}.{name}", {}), 0.99)
            yield Line(
                f"{prefix.capitalize()} of {name}, p99", f"≤ {limit:g} ms",
                _NEVER if p99 is None else f"{p99:.0f} ms",
                passed=p99 is not None and p99 <= limit,
            )  # fmt: skip


def _leak(scenario: Scenario, server: dict[str, float]) -> Iterator[Line]:
    limit = scenario.criteria.memory_growth_max
    if limit <= 0:
        return
    growth = server.get("memory_growth")
    measured = "could not be seen" if growth is None else f"{growth:+.0%}"
    yield Line(
        "Growth of the server's memory, first to last quarter", f"≤ {limit:.0%}", measured,
        passed=growth is not None and growth <= limit,
    )  # fmt: skip


def limits_of_the_harness(record: Record, cores: int = 1, own_clock: str = "") -> list[str]:
    """Return warnings that the harness may have limited the numbers, and say what to do.

    `own_clock` says how long the server took by its own.
    """
    said = []
    for process, cpu in record.harness_cpu_max.items():
        if cpu > 0.9:
            said.append(
                f"The load process {process} used {cpu:.0%} of a core at its worst: some latencies "
                "are its own, and the verdict on them is not the server's alone."
            )
    if record.harness_lag_ms_max > 100:
        said.append(
            f"Load processes ran up to {record.harness_lag_ms_max:.0f} ms late: so much of the "
            "worst latencies is theirs."
        )
    if said and own_clock:
        said.append(own_clock)
    if said:
        said.append(_what_to_do(max(1, len(record.harness_cpu_max)), cores))
    return said


def _what_to_do(processes: int, cores: int) -> str:
    if processes < cores - 1:
        return (
            f"The load ran in {processes} of this machine's {cores} cores: run it again with "
            f"--processes {cores - 1}."
        )
    return (
        f"This machine's cores ({cores}) are shared by the server and the load: run the load on "
        "another machine with --url, or on several (docs/load-testing.md), or with fewer --users."
    )
