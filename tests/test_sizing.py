"""What `liveroom size` says, and how near its model is to what was measured."""

import itertools
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from server.cli.costs import MEASURED_BY, Costs
from server.cli.main import app
from server.cli.rehearsed import read_report
from server.cli.residuals import WITHIN, residuals
from server.cli.sizing import Event, Limits, Machine, cadence_now, load_of, size
from server.cli.turnover import Turnover

ISSUE = Event(viewers=200_000, comments_per_s=800, orders_per_s=3000)


def test_the_model_is_within_15_percent_of_all_that_it_was_fitted_to() -> None:
    found = residuals()

    assert len(found) >= 10
    assert [one for one in found if abs(one.share) > WITHIN] == []


def test_every_cost_but_that_of_headers_has_a_benchmark_that_measures_it() -> None:
    measured = [name for names in MEASURED_BY.values() for name in names]

    assert sorted([*measured, "packet_bytes"]) == sorted(cost.name for cost in fields(Costs))


def test_more_viewers_never_need_less() -> None:
    sizes = [size(Event(viewers, 100, 100)) for viewers in (1, 1000, 10_000, 100_000)]

    for less, more in itertools.pairwise(sizes):
        assert less.load.workers <= more.load.workers
        assert less.machines <= more.machines
        assert less.worker_memory_bytes < more.worker_memory_bytes
        assert less.load.bytes_per_s < more.load.bytes_per_s


def test_no_worker_is_planned_beyond_its_limits() -> None:
    for event in (ISSUE, Event(60_000, 0, 0, rooms=3), Event(500, 900, 50, rooms=30)):
        load = size(event).load
        assert load.worker_cpu <= Machine().worker_cpu_max
        assert load.viewers_per_worker <= Limits().edge.connections_max


def test_rooms_share_shards_and_one_room_can_not() -> None:
    one, many = size(ISSUE), size(Event(200_000, 800, 3000, rooms=20))

    assert one.redis_shards == 1
    assert any("one shard" in warning for warning in one.warnings)
    assert many.redis_shards > 1
    assert many.warnings == []


def test_a_load_that_no_number_of_workers_carries_is_told() -> None:
    [first, *_] = size(Event(10, 0, 20_000, rooms=100)).warnings

    assert first.startswith("No number of workers carries this")


HUNDRED_MILLION = Turnover(gmv=100_000_000, basket=500, hours=2, peak=5)


def test_a_turnover_comes_to_orders_and_their_peak() -> None:
    assert HUNDRED_MILLION.orders == 200_000
    assert round(HUNDRED_MILLION.orders_per_s, 1) == 138.9
    assert Turnover(gmv=100, basket=30).orders == 4, "the last order is a whole one"


def test_viewers_follow_from_who_buys_and_how_long_one_stays() -> None:
    more_buy = HUNDRED_MILLION._replace(buyers=0.1)
    stay_twice = HUNDRED_MILLION._replace(stay_min=20)
    stay_for_ever = HUNDRED_MILLION._replace(stay_min=10_000)

    assert more_buy.viewers * 2 == pytest.approx(HUNDRED_MILLION.viewers, abs=2)
    assert stay_twice.viewers == pytest.approx(2 * HUNDRED_MILLION.viewers, abs=2)
    assert stay_for_ever.viewers == 200_000 / 0.05, "no more are there than come"


def test_given_numbers_go_before_those_of_a_turnover() -> None:
    plan = ["size", "--gmv", "1000000", "--basket", "100"]
    computed = CliRunner().invoke(app, plan).output
    given = CliRunner().invoke(app, [*plan, "--viewers", "77", "--comments", "3"]).output

    assert "--buyers" in computed
    assert "--comments" in computed
    assert "77 viewers, 3 comments/s and 7 orders/s" in given
    assert "--buyers" not in given
    assert "--comments" not in given


def test_redis_holds_the_orders_of_the_whole_event_not_of_its_peak() -> None:
    whole = size(Event(1000, 10, 100, hours=2, orders_in_all=50_000))

    assert whole.redis_memory_bytes == 50_000 * Costs().redis_order_bytes


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("", "Give --viewers, --comments and --orders"),
        ("--viewers 5", "Give --viewers, --comments and --orders"),
        ("--gmv 5", "belong together"),
        ("--gmv 5 --basket 1 --hours 0", "--hours must be above 0"),
    ],
)
def test_a_plan_that_is_not_whole_is_one_sentence(arguments: str, sentence: str) -> None:
    ran = CliRunner().invoke(app, ["size", *arguments.split()])

    assert ran.exit_code == 2
    assert sentence in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def report(path: Path, times: float, **changed: Any) -> Path:
    """A rehearsal's report in which the crowd comes, and then takes `times` the modelled CPU."""
    event = Event(1000, 30, 5, deflate=False)
    cadence = cadence_now(event, 1, Limits(), Costs())
    cpu = load_of(event, 1, Limits(), Costs(), cadence).worker_cpu * times
    points = [
        {"users": users, "comments_per_s": 30.0, "orders_per_s": 5.0, "server_cpu": share * cpu}
        for users, share in [(100, 9.0), (500, 5.0), *[(1000, 1.0)] * 5]
    ]
    settings = {"rooms": 1, "deflate_share": 0}
    machine = {"cores": 4, "system": "Linux 6.18"}
    whole = {
        "title": "Saturday", "finished": "2026-11-26T09:52:53Z", "curve": points,
        "settings": settings, "machine": machine,
    }  # fmt: skip
    path.write_text(json.dumps(whole | changed), encoding="utf-8")
    return path


def test_a_rehearsal_on_a_slower_machine_makes_the_plan_larger_by_as_much(tmp_path: Path) -> None:
    arguments = ["--viewers", "100000", "--comments", "100", "--orders", "100"]
    slow = report(tmp_path / "slow.json", times=1.5)
    ran = CliRunner().invoke(app, ["size", "--from", str(slow), *arguments])
    costs = read_report(slow).costs()

    assert ran.exit_code == 0
    assert "here it took 1.50 times as much" in ran.output
    assert "“Saturday” was rehearsed" in ran.output
    assert "1,000 people, 30 comments/s and 5 orders/s" in ran.output
    assert costs.write_us == pytest.approx(Costs().write_us * 1.5)
    assert costs.idle_us_per_s == pytest.approx(Costs().idle_us_per_s * 1.5)
    assert costs.redis_order_bytes == Costs().redis_order_bytes, "a slow core stores no more"
    planned = size(Event(100_000, 100, 100), costs=costs).load.workers
    assert f"workers {planned:>18}" in ran.output
    assert planned > size(Event(100_000, 100, 100)).load.workers


def test_without_numbers_of_its_own_a_plan_is_for_the_load_of_the_rehearsal(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["size", "--from", str(report(tmp_path / "r.json", times=1.0))])

    assert ran.exit_code == 0
    assert "1,000 viewers, 30 comments/s and 5 orders/s in 1 room need:" in ran.output


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"curve": 5}, "holds no curve"),
        ({"curve": []}, "does not say how busy the server was"),
        ({"curve": [{"users": 10, "server_cpu": 0.001}]}, "says little about people"),
        ({"machine": None}, "is not a whole report"),
        ({"settings": []}, "is not a whole report"),
        ({"curve": [5]}, "is not a whole report"),
    ],
)
def test_a_report_that_can_not_be_planned_with_is_one_sentence(
    tmp_path: Path, changed: dict[str, Any], sentence: str
) -> None:
    path = report(tmp_path / "bad.json", times=1.0, **changed)
    ran = CliRunner().invoke(app, ["size", "--from", str(path)])

    assert ran.exit_code == 2
    assert sentence in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
