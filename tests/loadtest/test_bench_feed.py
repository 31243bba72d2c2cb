"""The evaluation of the feed: market, measures, baselines and files; and the newcomers' month."""

import gzip
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from loadtest import bench_feed
from loadtest.feed.dataset import CHOICES, Item, place_of
from loadtest.feed.ease import Ease
from loadtest.feed.interactions import BadInteractions, Columns, columns_of, read_interactions
from loadtest.feed.market import BEGAN, Market, Scale
from loadtest.feed.measures import Exposure, Hits, gini
from loadtest.feed.month import Plan, simulate
from loadtest.feed.rankers import Ours, Popular, Ranker, Repeat
from loadtest.feed.replay import Span, replay
from server.features.feed.covisits import DAY_MS, Interaction
from server.features.feed.weights import FeedWeights

SMALL = Scale(people=120, hosts=40, days=10, notes_a_day=15)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(7, SMALL)


def test_a_market_is_made_by_its_seed_and_people_choose_only_what_is_there(market: Market) -> None:
    assert Market(7, SMALL).acts == market.acts != Market(8, SMALL).acts
    assert [act.at for act in market.acts] == sorted(act.at for act in market.acts)
    choices = [act for act in market.acts if act.kind in CHOICES]
    for act in choices[::20]:
        assert act.item in market.candidates(place_of(act), act.at)
    opened = [(act.person, act.item) for act in choices if act.kind == "open"]
    assert len(opened) == len(set(opened))


def test_ours_is_ahead_of_popularity_and_at_least_near_ease(market: Market) -> None:
    """The table is that of `make bench-feed`; this would see weights that make no sense."""
    span = Span(BEGAN + 6 * DAY_MS, BEGAN + 10 * DAY_MS, 0.5, DAY_MS)
    rankers: list[Ranker] = [
        Popular(),
        Repeat(market.items),
        Ours(market.items, FeedWeights()),
        Ease(200.0),
    ]
    found = replay(market, rankers, span, 1)
    for place in ("rooms", "notes"):
        ndcg = {name: each.hits[place, "all"].ndcg(10) for name, each in found.items()}
        assert ndcg["ours"] > ndcg["popularity"]
        assert ndcg["ours"] > 0.97 * ndcg["EASE"]
        groups = [found["ours"].hits[place, group].asked for group in ("new", "repeat", "all")]
        assert groups[0] + groups[1] == groups[2] > 50


def test_nothing_that_comes_later_is_known_to_a_ranker() -> None:
    class Spy:
        name = "spy"

        def __init__(self) -> None:
            self.heard: list[int] = []

        def hear(self, act: Interaction) -> None:
            self.heard.append(act.at)

        def scores(self, person: str, items: Sequence[str], now: int) -> Sequence[float]:
            assert all(at <= now for at in self.heard)
            assert len(self.heard) == asked.pop(0)
            return [0.0] * len(items)

    market = Market(9, Scale(people=20, hosts=20, days=3, notes_a_day=5))
    market.acts = [act for act in market.acts if act.kind != "open"]
    asked = [n for n, act in enumerate(market.acts) if act.kind == "watch" and
             len(market.candidates("rooms", act.at)) > 1]  # fmt: skip
    replay(market, [Spy()], Span(BEGAN, BEGAN + 9 * DAY_MS, 1.1, DAY_MS), 1)
    assert asked == []


def test_measures_are_those_of_the_literature() -> None:
    hits = Hits()
    for place in (1, 2, 7, 30):
        hits.add(place)
    assert [hits.hit_rate(cut) for cut in (1, 5, 10)] == [0.25, 0.5, 0.75]
    assert hits.ndcg(10) == pytest.approx((1 + 1 / math.log2(3) + 1 / math.log2(8)) / 4)
    assert gini([1, 1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 0, 4]) == pytest.approx(0.75)
    shown = Exposure()
    shown.add(["a", "b"], ["a", "b", "c", "d"], ["b"], [frozenset("hx"), frozenset("hy")])
    assert (shown.coverage, shown.newcomers) == (0.5, 0.5)
    assert shown.unlikeness == pytest.approx(2 / 3)


def test_ease_is_the_least_squares_solution_without_its_own_item() -> None:
    rows = {"p": "ab", "q": "abc", "r": "bc", "s": "ad"}
    ease = Ease(0.5)
    for person, items in rows.items():
        for item in items:
            ease.hear(Interaction(person, item, "watch", BEGAN))
    ease.refit()
    chosen = np.array([[float(item in items) for item in "abcd"] for items in rows.values()])
    for j in range(4):
        others = [n for n in range(4) if n != j]
        x = chosen[:, others]
        exact = np.linalg.solve(x.T @ x + 0.5 * np.eye(3), x.T @ chosen[:, j])
        its = [ease.scores(person, ["abcd"[j]], BEGAN)[0] for person in rows]
        assert its == pytest.approx(x @ exact, abs=1e-5)


def test_bad_lines_of_a_file_are_left_out_with_a_sentence_each(tmp_path: Path) -> None:
    good = [f"u{n % 3},i{n % 4},{1000 + n},more" for n in range(20)]
    bad = ["u1,i1", "u1,i1,never", ",i1,5", 'u1,"i1,5', "u1,i1,-4", "u1,i1,inf", "x" * 70_000]
    path = tmp_path / "file.csv.gz"
    lines = ["user,item,time", *good[:10], *bad, "", *good[10:]]
    with gzip.open(path, "wb") as file:
        file.write("\n".join(lines).encode() + b"\n\xff\xfe,a,5\n")
    dataset, shown, count = read_interactions(path, Columns(), HOUR_MS)
    assert (len(dataset), count) == (20, 8)
    assert [each.number for each in shown] == [12, 13, 14, 15, 16, 17, 18, 30]
    assert str(shown[0]) == "Line 12 is left out: it has 2 fields, and 3 are needed."
    assert "neither a number nor a date" in str(shown[1])
    assert [act.at for act in dataset.acts] == [1000 * (1000 + n) for n in range(20)]
    assert dataset.items["host:i0"] == Item("i0", (), 1_000_000)


def test_a_file_of_any_columns_is_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "twitch.csv"
    lines = [f"{n % 7},9,s{(n % 7 + n % 2) % 5},{n // 3},{n // 3 + 1}" for n in range(400)]
    path.write_text("\n".join([*lines, "oops"]))
    argv = ["--interactions", str(path), "--columns", "1,3,4", "--time-unit", "600"]
    assert bench_feed.main([*argv, "--share", "1"]) == 0
    told = capsys.readouterr()
    assert "400 interactions with 5 items; 1 lines left out." in told.out
    assert "Line 401 is left out" in told.err


def test_a_file_that_is_no_list_of_interactions_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "poem.csv"
    path.write_text("a line\n" * 30)
    with pytest.raises(BadInteractions, match="--columns"):
        read_interactions(path, Columns(), HOUR_MS)
    assert bench_feed.main(["--interactions", str(path)]) == 2
    assert bench_feed.main(["--interactions", str(tmp_path / "none.csv")]) == 2
    assert bench_feed.main(["--interactions", str(path), "--columns", "0,1,2"]) == 2
    assert columns_of("2,1,5", 0.001) == (1, 0, 4, 1.0)


def test_every_newcomer_of_a_month_is_shown_as_promised_and_then_earns_the_rest() -> None:
    plan = Plan(people=600, pages=1200, notes=12, hosts=2)
    month = simulate(plan, 1)
    assert len(month.outcomes) > 29 * 13
    assert min(each.shown for each in month.outcomes) >= plan.promised
    assert month.share_max <= 0.2
    low, high = bench_feed.earned_by_appeal(month)
    assert high > 10 * low


def test_newcomers_share_what_there_is_when_too_many_come() -> None:
    plan = Plan(people=300, pages=300, notes=25, hosts=0, days=6)
    assert plan.load > 3
    month = simulate(plan, 1)
    settled = [each.shown for each in month.outcomes if each.began > 2 * DAY_MS]
    assert month.share_max <= 0.2
    assert min(settled) > 0.3 * sum(settled) / len(settled)
