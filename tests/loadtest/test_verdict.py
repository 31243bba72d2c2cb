"""The verdict: what fails a run, and what only limits what it says."""

from collections import Counter
from typing import Any

import pytest

from loadtest.record import Record
from loadtest.scenario import Criteria, HostAct, Scenario, Stage
from loadtest.takings import Takings
from loadtest.tally import Tally, Told, quantile
from loadtest.truth import Findings
from loadtest.verdict import Line, judge, limits_of_the_harness


def scenario(**criteria: Any) -> Scenario:
    return Scenario("t", [Stage(60, 10)], {"viewer": 1}, criteria=Criteria(**criteria))


def record(tally: Tally | None = None) -> Record:
    made = Record()
    tally = tally or Tally()
    tally.counts["event.pin"] += 9
    tally.counts.update({"tried": 1000, "failed": 0, "audit.expected": 1000, "audit.missing": 0})
    made.add("1", tally.take_counts())
    return made


def failed(lines: list[Line]) -> set[str]:
    return {line.what for line in lines if not line.passed}


def test_a_clean_run_passes() -> None:
    assert not failed(judge(scenario(), record(), Findings(), {}))


def test_a_run_whose_books_could_not_be_read_fails() -> None:
    lines = judge(scenario(), record(), "the server is gone", {})

    assert failed(lines) == {"Orders checked against the server's books"}


def test_faults_seen_during_the_run_count_even_if_the_books_are_fine_at_the_end() -> None:
    tally = Tally()
    tally.wrong("negative_stock", "s1: left -1")
    lines = judge(scenario(), record(tally), Findings(), {})

    assert failed(lines) == {"Oversold"}
    assert any("s1: left -1" in line.measured for line in lines)


def test_every_kind_of_wrong_belongs_to_a_rule() -> None:
    for kind in ("event_lost", "event_twice", "stock_went_back", "host_was_refused"):
        tally = Tally()
        tally.wrong(kind, "x")
        assert failed(judge(scenario(), record(tally), Findings(), {})), kind


def test_a_latency_over_its_limit_fails_and_one_that_never_came_fails_too() -> None:
    tally = Tally()
    for _ in range(100):
        tally.time("reply.buy", 700)
    slow = judge(scenario(reply_p99_ms={"buy": 500, "pay": 500}), record(tally), Findings(), {})

    assert failed(slow) == {"Reply of buy, p99", "Reply of pay, p99"}


def test_comments_that_went_missing_untold_fail() -> None:
    tally = Tally()
    tally.counts["audit.missing"] = 5
    lines = judge(scenario(delivered_min=0.999), record(tally), Findings(), {})

    assert failed(lines) == {"Comments delivered, or told as left out"}


@pytest.mark.parametrize("nothing", ["event.pin", "audit.expected", "told"])
def test_a_run_in_which_there_was_nothing_to_look_at_does_not_pass(nothing: str) -> None:
    sells = Scenario("t", [Stage(60, 10)], {"buyer": 1}, host=[HostAct(at_s=0, do="sale")])
    made = record()
    made.total.told["k"] = Told("ann", "k", "s1", 1, "err:sold_out")
    assert not failed(judge(sells, made, Findings(), {}))

    made.total.counts.pop(nothing, None)
    if nothing == "told":
        made.total.told.clear()

    assert failed(judge(sells, made, Findings(), {})) == {"Looked at"}


def test_growing_memory_fails_where_the_scenario_asks_for_it() -> None:
    asked = scenario(memory_growth_max=0.1)

    assert not failed(judge(asked, record(), Findings(), {"memory_growth": 0.05}))
    assert failed(judge(asked, record(), Findings(), {"memory_growth": 0.3}))
    assert failed(judge(asked, record(), Findings(), {})), "not seen is not passed"


def test_too_little_that_is_paid_in_an_hour_fails() -> None:
    asked = Scenario(
        "t", [Stage(65, 10)], {"buyer": 1}, host=[HostAct(at_s=0, do="sale")], calm_s=5,
        criteria=Criteria(orders_per_hour_min=120, gmv_per_hour_min=600_000),
    )  # fmt: skip
    made = record()
    made.total.told["k"] = Told("ann", "k", "s1", 1, "ok", heard=True)
    enough, poor = Takings(2, Counter({"CNY": 10_000})), Takings(2, Counter({"CNY": 9_999}))

    assert not failed(judge(asked, made, Findings(), {}, enough))
    assert failed(judge(asked, made, Findings(), {}, poor)) == {"GMV paid an hour"}
    assert len(failed(judge(asked, made, Findings(), {}))) == 2, "nothing sold is too little"


def test_an_order_that_no_event_told_to_its_buyer_fails() -> None:
    made = record()
    made.total.told["k"] = Told("ann", "k", "s1", 1, "ok", "o1", heard=True)
    made.total.told["l"] = Told("bob", "l", "s1", 1, "err:sold_out")
    assert not failed(judge(scenario(), made, Findings(), {}))

    made.total.told["m"] = Told("cy", "m", "s1", 1, "ok", "o2")
    lines = judge(scenario(), made, Findings(), {})
    assert failed(lines) == {"Orders that no event told to their buyer"}
    assert "1 of 2 (o2)" in {line.measured for line in lines}


@pytest.mark.parametrize(
    ("currency", "limit", "measured"),
    [
        ("CNY", "≥ 6,000 CNY", "12,000 CNY"),
        ("JPY", "≥ 600,000 JPY", "1,200,000 JPY"),
        ("KWD", "≥ 600 KWD", "1,200 KWD"),
    ],
)
def test_the_target_of_gmv_is_told_in_units_of_the_currency(
    currency: str, limit: str, measured: str
) -> None:
    asked = Scenario(
        "t", [Stage(65, 10)], {"buyer": 1}, host=[HostAct(at_s=0, do="sale")], calm_s=5,
        currency=currency, criteria=Criteria(gmv_per_hour_min=600_000),
    )  # fmt: skip
    paid = Takings(2, Counter({currency: 20_000, "XTS": 99_999}))
    lines = judge(asked, record(), Findings(), {}, paid)

    line = next(line for line in lines if line.what == "GMV paid an hour")
    assert (line.limit, line.measured) == (limit, measured)


def test_a_busy_load_process_is_named_and_what_to_do() -> None:
    made = Record()
    made.add("2", Tally().take_counts() | {"health": {"cpu": 0.97, "lag_ms": 400.0}})
    said = limits_of_the_harness(made, cores=8)

    assert "process 2 used 97%" in said[0]
    assert "400 ms late" in said[1]
    assert "--processes 7" in said[2]
    assert limits_of_the_harness(made, own_clock="By its own clock.")[2] == "By its own clock."
    assert limits_of_the_harness(record(), own_clock="By its own clock.") == []
    assert "another machine" in limits_of_the_harness(made, cores=2)[2]
    assert not limits_of_the_harness(record())


def test_reports_of_processes_add_up_even_when_their_keys_became_text_on_the_way() -> None:
    total, one = Tally(), Tally()
    one.counts["ok.buy"] = 2
    for ms in (10, 20, 30):
        one.time("reply.buy", ms)
    one.told["k"] = Told("ann", "k", "s1", 1, "ok", "o1", "held")
    taken = one.take_counts()
    taken["timed"] = {name: {str(s): n for s, n in v.items()} for name, v in taken["timed"].items()}
    total.add(taken)
    total.add(taken)

    assert total.counts["ok.buy"] == 4
    assert sum(total.timed["reply.buy"].values()) == 6
    middle = quantile(total.timed["reply.buy"], 0.5)
    assert middle is not None
    assert 19 < middle < 21
    assert list(total.told) == ["k"]
    assert one.counts == Counter(), "what was taken is not told twice"
