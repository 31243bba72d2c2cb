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


def test_what_no_number_of_workers_carries_is_said() -> None:
    [first, *_] = size(Event(10, 0, 20_000, rooms=100)).warnings

    assert first.startswith("No number of workers carries this")
