"""The simulation: it knows the machine it came from, and its parts keep the rules of queues."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.simulation import __main__ as command
from loadtest.simulation.clock import Clock, Station
from loadtest.simulation.plans import Change, Plan, compared_with_measured, why_it_bent
from loadtest.simulation.scene import Outcome, Scene, simulate
from server.cli.costs import Costs
from server.cli.residuals import WITHIN, Residual
from server.cli.sizing import Event, Limits, cadence_now, load_of
from server.features.presence.settings import PresenceSettings

SMALL = Scene(viewers=8000, comments_per_s=60, orders_per_s=200, workers=8, seconds=4)


@pytest.fixture(scope="module")
def compared() -> list[Residual]:
    return list(compared_with_measured())


@pytest.mark.parametrize("what", ["server", "Redis", "p50"])
def test_every_row_of_the_benchmark_is_simulated_within_15_percent(
    compared: list[Residual], what: str
) -> None:
    found = [one for one in compared if f": {what}" in one.what]

    assert len(found) >= 5
    assert [one for one in found if abs(one.share) > WITHIN] == []


@settings(max_examples=60, deadline=None)
@given(jobs=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 3)), min_size=1, max_size=20))
def test_a_station_serves_all_in_turn_and_never_two_at_once(
    jobs: list[tuple[float, float]],
) -> None:
    clock, done = Clock(), list[tuple[int, float]]()
    station = Station(clock)
    for n, (at, took) in enumerate(jobs):
        clock.at(at, station.serve, took, lambda n=n: done.append((n, clock.now)))
    clock.go_on_until(1000)

    in_turn = sorted(range(len(jobs)), key=lambda n: jobs[n][0])
    assert [n for n, _ in done] == in_turn
    free_at = 0.0
    for (n, at), (due, took) in zip(done, (jobs[n] for n in in_turn), strict=True):
        free_at = max(free_at, due) + took
        assert at == pytest.approx(free_at), n
    assert station.busy_s == pytest.approx(sum(took for _, took in jobs))


def test_the_same_seed_gives_the_same_outcome_and_another_seed_another() -> None:
    assert simulate(SMALL, seed=3) == simulate(SMALL, seed=3)
    assert simulate(SMALL, seed=3) != simulate(SMALL, seed=4)


def test_all_that_is_said_is_delivered_and_all_who_buy_are_answered() -> None:
    outcome = simulate(replace(SMALL, seconds=20))

    assert outcome.delivered == pytest.approx(60 * 8000, rel=0.1)
    assert len(outcome.orders) == pytest.approx(200 * 20 * 2 / 8, rel=0.15), "two of eight workers"
    assert outcome.comment_p50 < outcome.comment_p99 < 400


def test_each_change_takes_work_from_redis() -> None:
    plan = Plan(viewers=100_000, comments_per_s=200, orders_per_s=1000, workers=42, shards=3)
    scene = plan.scene(seconds=1)
    as_it_is, alone, relays, apart, spread = (
        simulate(change.made(scene)).redis for change in plan.changes()
    )

    assert as_it_is > relays > apart > spread
    assert as_it_is > alone > spread


def test_a_tick_that_follows_the_load_is_shorter_while_there_is_time() -> None:
    quiet = Scene(viewers=1000, comments_per_s=30, seconds=4)
    by_load, by_heads = (simulate(replace(quiet, by_load=by_load)) for by_load in (True, False))

    assert by_load.comment_p50 < 0.7 * by_heads.comment_p50
    assert by_load.cpu_us > by_heads.cpu_us


@pytest.mark.parametrize("viewers", [500, 2000, 5000, 15_000])
def test_the_model_says_the_same_of_a_worker_with_time_as_the_simulation(viewers: int) -> None:
    """They are written apart: one adds up a second, the other plays it event by event."""
    still = Limits(presence=PresenceSettings(presence_interval_s=60))  # nobody comes or goes
    apart = {}
    for rate in (2, 5, 10, 20, 30, 60, 100):
        event = Event(viewers, rate, 0)
        cadence = cadence_now(event, 1, still, Costs())
        modelled = load_of(event, 1, still, Costs(), cadence).worker_cpu
        simulated = simulate(Scene(viewers, rate, even=True, seconds=4, warm_s=2)).worker
        apart[rate] = min(modelled, 1.0) / min(simulated, 1.0) - 1

    assert {rate: f"{share:+.0%}" for rate, share in apart.items() if abs(share) > 0.2} == {}


def test_a_shard_with_more_work_than_it_can_do_bends_the_room() -> None:
    outcome = simulate(replace(SMALL, orders_per_s=12_000, apart=True, workers=24, seconds=2))

    assert outcome.redis > 0.95
    assert why_it_bent(outcome).startswith("Redis at ")
    assert why_it_bent(simulate(SMALL)) == ""


def test_everybody_who_was_dropped_comes_back_once() -> None:
    outcome = simulate(replace(SMALL, drop_share=0.5, drop_at_s=1.5, back_s=1.0))

    assert len(outcome.joins) == 2 * 500, "half of the viewers of both workers"
    assert min(at for at, _ in outcome.joins) >= 1.75


def test_while_a_shard_is_away_only_its_orders_wait() -> None:
    def play(away_s: float) -> Outcome:
        spread = Change("spread", parts=4).made(replace(SMALL, seconds=8))
        return simulate(replace(spread, away_s=away_s, fails_at_s=2.0))

    calm, away = play(0), play(3)

    assert away.order_p99 > 1000
    assert sum(ms < 300 for _, ms in away.orders) > 0.6 * len(away.orders)
    assert away.comment_p99 == pytest.approx(calm.comment_p99, rel=0.3)
    assert len(away.orders) > 0.9 * len(calm.orders), "they are answered once it is back"


def test_the_command_writes_tables_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = "--viewers 30000 --comments 60 --orders 300 --workers 12 --shards 2"
    code = command.main([*arguments.split(), "--out", str(tmp_path)])
    said = capsys.readouterr().out

    assert code == 0
    assert "30,000 viewers, 60 comments/s and 300 orders/s in one room" in said
    assert "nothing: that is all of the plan" in said
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"scaling-bends.svg", "scaling-storm.svg", "scaling-failover.svg"}
    assert all(path.read_text("utf-8").count("<polyline") > 1 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--viewers 0", "A room needs a viewer and a worker at least"),
        ("--shards 1", "give --shards of 2 at least"),
        ("--comments 0", "Give --comments above 0"),
        ("--orders -1", "Give --comments above 0"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_in_a_sentence(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = command.main(arguments.split())
    said = capsys.readouterr().out

    assert code == 2
    assert sentence in said
    assert len(said.splitlines()) == 1
