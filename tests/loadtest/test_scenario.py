"""Scenarios: files that a tester edits, so mistakes in them end in a sentence."""

import random
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from loadtest.draw import Draw
from loadtest.loading import FOLDER, PEOPLE, load_people, load_scenario
from loadtest.scenario import Criteria, Habit, HostAct, Scenario, ScenarioError, Stage

NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
MINIMAL = 'title = "t"\ncalm_s = 1\n[crowd]\nviewer = 1\n[[stage]]\nuntil_s = 5\nusers = 3\n'
END = '[[host]]\nat_s = 1\ndo = "end"\n'


def test_the_rehearsals_of_the_guide_are_there() -> None:
    assert NAMES == [
        "abuse",
        "anniversary",
        "flash",
        "hundred-million",
        "ramp",
        "soak",
        "steady",
        "storm",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_that_comes_with_it_loads_and_states_what_passes(name: str) -> None:
    scenario = load_scenario(name)

    assert scenario.criteria.reply_p99_ms
    assert scenario.criteria.push_p99_ms
    assert scenario.host_acts()
    assert set(load_people().think_s) >= set(scenario.crowd) | {"host"}


def test_a_repeated_act_is_done_at_each_of_its_times_with_a_product_of_its_own() -> None:
    act = HostAct(at_s=10, every_s=5, until_s=20, do="sale", sku="X")
    scenario = Scenario("t", [Stage(30, 10)], {"viewer": 1}, host=[act, HostAct(at_s=12, do="end")])

    assert [(one.at_s, one.do, one.sku) for one in scenario.host_acts()] == [
        (10, "sale", "X-1"), (12, "end", "SKU"), (15, "sale", "X-2"), (20, "sale", "X-3"),
    ]  # fmt: skip


def test_scaling_changes_people_and_stock_alike() -> None:
    small, whole = load_scenario("flash", users=40), load_scenario("flash")

    assert small.users_max == 40
    assert small.host[0].stock == round(whole.host[0].stock * 40 / whole.users_max)
    assert small.criteria == whole.criteria


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (MINIMAL + "nonsense = 1\n", "nonsense"),
        (MINIMAL.replace("until_s = 5", "until_s = 'soon'"), "until_s"),
        (MINIMAL.replace("viewer = 1", "viewer = 0"), "[crowd] is empty"),
        (MINIMAL.replace("viewer", "vlewer"), "vlewer"),
        (MINIMAL.replace("calm_s = 1", "calm_s = 9"), "calm_s must be less"),
        (MINIMAL + "[[stage]]\nuntil_s = 5\nusers = 9\n", "until_s rise"),
        ("title = ", "can't be used"),
        (MINIMAL.replace("users = 3", "users = -3"), "users = -3"),
        (MINIMAL.replace("users = 3", "users = 1"), "2 or more"),
        (MINIMAL.replace("calm_s = 1", "calm_s = -1"), "not negative"),
        (MINIMAL + "[criteria.reply_p99_ms]\nbye = 600\n", "has `bye`"),
        (MINIMAL + "[criteria.reply_p99_ms]\ncoment = 600\n", "Did you mean `comment`?"),
        (MINIMAL + "[criteria.reply_p99_ms]\nbuy = 600\n", "has `buy`"),
        (MINIMAL + "[criteria.reply_p99_ms]\ncomment = 0\n", "above 0 ms"),
        (MINIMAL + "[criteria.push_p99_ms]\nlatest = 600\n", "has `latest`"),
        (MINIMAL + "[criteria]\ngmv_per_hour_min = 9\n", "nothing is sold"),
        ('currency = "yuan"\n' + MINIMAL, "$.currency"),
        (MINIMAL + "[criteria]\ndelivered_min = 99\n", "from 0 to 1"),
        (MINIMAL + "[[drop]]\nat_s = 1\nshare = 2\n", "the drop at 1 s"),
        (MINIMAL + "[[burst]]\nfrom_s = 3\nuntil_s = 2\ntimes = 2\n", "the burst at 3 s"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "sale"\nstock = 0\n', "stock"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "coupon"\nfloor = 5\n', "more than amount"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "poll"\noptions = ["1"]\n', "$.host[0].options"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "sale"\nhold_s = 100000\n', "$.host[0].hold_s"),
        (MINIMAL + '[[host]]\nat_s = 9\ndo = "sale"\n', "comes after the end, 5 s"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "close"\n', "needs a `sale` before it"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "restock"\n', "needs a `sale` before it"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "draw"\n', "needs a `lucky` before it"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "pin"\n', "needs a `sale` of SKU before it"),
        (MINIMAL + '[[host]]\nat_s = 1\ndo = "notice"\n', "needs a text"),
        (MINIMAL + f'[[host]]\nat_s = 1\ndo = "poll"\ntext = "{"x" * 201}"\n', "is a title"),
        (
            MINIMAL + "[[host]]\nat_s = 1\nevery_s = 1e-9\nuntil_s = 2\ndo = 'sale'\n",
            "10,000 times",
        ),
        (MINIMAL + END + '[[host]]\nat_s = 2\ndo = "sale"\n', "after the host has ended"),
        (MINIMAL + "[[drop]]\nat_s = 5\n", "the drop at 5 s"),
        (MINIMAL + "[[burst]]\nfrom_s = 5\nuntil_s = 6\ntimes = 2\n", "the burst at 5 s"),
        (MINIMAL.replace("until_s = 5", "until_s = inf"), "inf is no number"),
        (MINIMAL.replace("viewer = 1", "viewer = nan"), "nan is no number"),
        (MINIMAL + '[[host]]\nat_s = 3\nevery_s = 1\ndo = "sale"\n', "say until_s"),
    ],
)
def test_a_mistake_in_a_scenario_is_one_sentence_that_names_the_file(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        load_scenario(str(path))

    assert sentence in str(refused.value)
    assert "mine.toml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_habit_that_people_may_have_is_something_that_viewers_and_buyers_do() -> None:
    lacking = "[it for who in (Viewer, Buyer) for it in HABITS if not hasattr(who, it)]"
    script = (
        f"from loadtest.users import Buyer, Viewer\nHABITS = {get_args(Habit)}\nprint({lacking})"
    )
    # Locust patches the modules of the process that imports it.
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ask = 0.3", "dance = 0.3", "dance"),
        ("pay_share = 0.8", "pay_share = 1.8", "$.pay_share"),
        ("pay_share = 0.8", "pay_share = 0.95", "more than 1 together"),
        ("like = 2", "like = -2", "[buyer] needs a habit"),
        ("lurker = {", "# lurker = {", "[think_s] lacks lurker"),
        ("median = 5 }", "median = -5 }", "$.think_s"),
        ("answer_s_max = 10", "answer_s_max = nan", "nan is no number"),
    ],
)
def test_a_mistake_in_the_habits_of_people_is_one_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    path, text = tmp_path / "people.toml", PEOPLE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        load_people(path)

    assert sentence in str(refused.value)
    assert "people.toml" in str(refused.value)


def test_several_rooms_need_a_host_each(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("rooms = 3\n" + MINIMAL, encoding="utf-8")

    with pytest.raises(ScenarioError, match="it needs 4 or more"):
        load_scenario(str(path))
    path.write_text("rooms = 2\n" + MINIMAL, encoding="utf-8")
    assert load_scenario(str(path)).rooms == 2


def test_an_unknown_scenario_names_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match="choose from abuse, anniversary"):
        load_scenario("flesh")


def test_a_drawn_pause_stays_within_its_bounds_and_has_its_median() -> None:
    rng = random.Random(1)
    draw = Draw("lognormal", median=10, sigma=0.9, low=2, high=60)
    values = sorted(draw.draw(rng) for _ in range(2001))

    assert values[0] >= 2
    assert values[-1] <= 60
    assert 9 < values[1000] < 11


def test_criteria_default_to_no_fault_at_all_in_orders() -> None:
    assert Criteria().error_rate_max <= 0.001
