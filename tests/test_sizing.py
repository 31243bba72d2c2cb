"""What `liveroom size` says, and that docs/scaling.md says the same."""

import itertools
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli.main import app
from server.cli.sizing import MEASURED_BY, Costs, Event, Limits, Machine, load_of, size
from server.cli.turnover import Turnover
from server.settings.sections import Hub

PAGE = (Path(__file__).parent.parent / "docs" / "scaling.md").read_text(encoding="utf-8")
CONSOLES = re.findall(r"```console\n\$ liveroom size (.*?)\n(.*?)```", PAGE, re.DOTALL)
ISSUE = Event(viewers=200_000, comments_per_s=800, orders_per_s=3000)


@pytest.mark.parametrize(("arguments", "said"), CONSOLES)
def test_the_page_shows_what_the_command_prints(arguments: str, said: str) -> None:
    ran = CliRunner().invoke(app, ["size", *shlex.split(arguments)])

    assert ran.exit_code == 0
    assert ran.output == said


def test_the_page_lists_every_cost_with_its_value() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", PAGE, re.MULTILINE))

    assert listed == {cost.name: f"{cost.default:g}" for cost in fields(Costs)}


def test_the_page_compares_the_model_with_what_was_measured() -> None:
    rows = re.findall(r"^\| (\d+) × (\d+) \| (\S+) \| (\S+) \|$", PAGE, re.MULTILINE)

    assert rows
    for rate, viewers, measured, modelled in rows:
        event = Event(int(viewers), float(rate), 0)
        load = load_of(event, 1, Limits(hub=Hub(sample_per_s_max=0)), Costs())
        delivered = int(viewers) * int(rate)
        assert f"{load.worker_cpu / delivered * 1e6:.2f}" == modelled
        assert float(modelled) >= float(measured)


def test_every_measured_cost_has_a_command_that_reproduces_it() -> None:
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
