"""`python -m loadtest bench-feed`: how good the feed's ranking is, beside popularity, own history
and EASE, and what newcomers get.

What is measured is the feed's own code, without a server; docs/feed-evaluation.md tells how. All is
the same at each run with the same seeds, but for the CPU seconds.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from loadtest.feed.dataset import Dataset, Place
from loadtest.feed.interactions import BadInteractions, columns_of, read_interactions
from loadtest.feed.market import BEGAN, Market, Scale
from loadtest.feed.measures import CUTS
from loadtest.feed.month import Plan, Result, simulate
from loadtest.feed.rankers import Ours, Paged, Popular, Ranker, Repeat
from loadtest.feed.replay import GROUPS, Measured, Span, merged, replay
from server.features.feed.covisits import DAY_MS
from server.features.feed.weights import FeedWeights

SEEDS = (1, 2, 3)
"""Those that are reported. Weights were fitted on seeds 101 and 102, in the days before."""
EASE_LAMBDA = 50.0
"""The best of 50, 200 and 1000 for rooms, on seed 101."""
EASE_ITEMS_MAX = 6000
"""Items up to which EASE is measured: its refit takes their number to the third power."""
EASE_NEAR = 0.97
"""The part of EASE's NDCG that ours must reach."""
COST_TIMES = 100
PROMISED = 100
_QUICK = Scale(people=300, hosts=60, days=14, notes_a_day=30)


class Goal(NamedTuple):
    """Something that must hold, whether it does, and with which numbers."""

    told: str
    is_met: bool
    numbers: str


def main(argv: list[str]) -> int:
    """Print the tables; 1 if a goal is missed, 2 if there is nothing to measure."""
    wishes = _parser().parse_args(argv)
    if find_spec("numpy") is None:
        print("EASE needs numpy, which is not installed: pip install 'liveroom[load]'.")
        return 2
    if wishes.interactions is None:
        return _measure_markets(wishes)
    try:
        return _measure_file(wishes)
    except (BadInteractions, OSError) as error:
        print(f"{wishes.interactions} can't be evaluated: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-feed")
    add = parser.add_argument
    add("--seeds", type=int, nargs="+", default=list(SEEDS), help="markets to measure (1 2 3)")
    add("--quick", action="store_true", help="one small market: a minute less, and no proof")
    add(
        "--share", type=float, default=0.06, help="the part of the choices that is asked for (0.06)"
    )
    add("--interactions", type=Path, metavar="FILE", help="a CSV file: user,item,time")
    add("--columns", default="1,2,3", help="where user, item and time stand in a line (1,2,3)")
    add("--time-unit", type=float, default=1.0, help="seconds of a unit of time (1)")
    add("--live-minutes", type=float, default=60.0, help="how long an item that somebody chose "
        "can be chosen (60)")  # fmt: skip
    return parser


def _measure_markets(wishes: argparse.Namespace) -> int:
    scale = _QUICK if wishes.quick else Scale()
    seeds = wishes.seeds[:1] if wishes.quick else wishes.seeds
    first = BEGAN + scale.days * 3 // 4 * DAY_MS
    span = Span(first, BEGAN + scale.days * DAY_MS, wishes.share, DAY_MS)
    found: list[dict[str, Measured]] = []
    for seed in seeds:
        market = Market(seed, scale)
        print(f"Seed {seed}: {len(market.acts)} acts of {scale.people} people with "
              f"{len(market.items)} hosts and notes.")  # fmt: skip
        found.append(replay(market, _rankers(market, wishes.share, seed), span, seed))
    whole = merged(found)
    print(f"\nThe last {scale.days - scale.days * 3 // 4} of {scale.days} days\n")
    for place in ("rooms", "notes"):
        _print_hits(whole, place)
    _print_exposure(whole)
    _print_costs(whole)
    goals = _goals(whole)
    if not wishes.quick:
        month = simulate(Plan(), seeds[0])
        _print_month(month)
        goals += _month_goals(month)
    return _print_goals(goals)


def _measure_file(wishes: argparse.Namespace) -> int:
    try:
        columns = columns_of(wishes.columns, wishes.time_unit)
        live_ms = int(wishes.live_minutes * 60_000)
        if live_ms < 1:
            raise ValueError("an item can be chosen for more than no time")
    except ValueError as error:
        raise BadInteractions(
            f"--columns, --time-unit or --live-minutes is wrong: {error}."
        ) from None
    dataset, shown, bad = read_interactions(wishes.interactions, columns, live_ms)
    for each in shown:
        print(each, file=sys.stderr)
    if bad > len(shown):
        print(f"... and {bad - len(shown)} more lines.", file=sys.stderr)
    print(f"{len(dataset)} interactions with {len(dataset.items)} items; {bad} lines left out.\n")
    first, last = dataset.at_share(0.8), dataset.at_share(1.0) + 1
    span = Span(first, last, wishes.share, max(1, (last - first) // 7))
    whole = replay(dataset, _rankers(dataset, wishes.share, 1), span, 1)
    print("The last fifth of the interactions; EASE is refit seven times in it\n")
    _print_hits(whole, "rooms")
    _print_exposure(whole)
    _print_costs(whole)
    return 0


def _rankers(dataset: Dataset, share: float, seed: int) -> list[Ranker]:
    ours = Ours(dataset.items, FeedWeights())
    rankers: list[Ranker] = [Popular(), Repeat(dataset.items), ours]
    rankers.append(Paged(ours, max(1, round(PROMISED * share)), seed))
    if len(dataset.items) <= EASE_ITEMS_MAX:
        from loadtest.feed.ease import Ease

        rankers += [Ease(EASE_LAMBDA), Ease(EASE_LAMBDA, own=0.5)]
    else:
        print(f"EASE is left out: {len(dataset.items)} items, and {EASE_ITEMS_MAX} are its most.")
    return rankers


def _print_hits(found: dict[str, Measured], place: Place) -> None:
    heads = " | ".join(f"HR@{cut} | NDCG@{cut}" for cut in CUTS if cut > 1)
    print(f"| {place} | choices | n | HR@1 | {heads} |")
    print("|---|---|---:|" + "---:|" * (2 * len(CUTS) - 1))
    for group in GROUPS:
        for name, measured in found.items():
            hits = measured.hits[place, group]
            cells = " | ".join(
                f"{hits.hit_rate(cut):.3f} | {hits.ndcg(cut):.3f}" for cut in CUTS if cut > 1
            )
            first = f"{hits.asked} | {hits.hit_rate(1):.3f}"
            print(f"| {name} | {group} | {first} | {cells} |")
    print("\nNDCG@1 is HR@1.\n")


def _print_exposure(found: dict[str, Measured]) -> None:
    print("| pages of 10 rows | newcomers' rows | Gini | shown at all | unlikeness in a page |")
    print("|---|---:|---:|---:|---:|")
    for name, measured in found.items():
        for place, shown in measured.exposure.items():
            print(f"| {name}: {place} | {shown.newcomers:.1%} | {shown.gini:.2f} | "
                  f"{shown.coverage:.0%} | {shown.unlikeness:.2f} |")  # fmt: skip
    print()


def _print_costs(found: dict[str, Measured]) -> None:
    print("| CPU | of an act, µs | of a day's acts, s | of a refit, s | of a list, ms |")
    print("|---|---:|---:|---:|---:|")
    for name, measured in found.items():
        refit = f"{measured.refit_s:.2f}" if measured.refits else "none"
        act = f"{measured.hear_us:.1f} | {measured.day_cpu_s:.3f}"
        print(f"| {name} | {act} | {refit} | {measured.ask_ms:.2f} |")
    print()


def _print_month(month: Result) -> None:
    plan = Plan()
    print(f"A month of newcomers, {plan.load:.0%} of their slots promised:")
    for kind in ("note", "host"):
        shown = sorted(each.shown for each in month.outcomes if each.item.startswith(kind))
        middle = shown[len(shown) // 2]
        print(f"{len(shown)} {kind}s had at least {shown[0]} impressions in their first day, "
              f"the middle one {middle}.")  # fmt: skip
    low, high = earned_by_appeal(month)
    print(f"Later, a note of the least liked quarter earned {low:.0f} impressions, one of the most "
          f"liked {high:.0f}.\n")  # fmt: skip


def earned_by_appeal(month: Result) -> tuple[float, float]:
    """Return what notes of the least and of the most liked quarter earned after their promise, on
    average."""
    notes = [each for each in month.outcomes if each.item.startswith("note:")]
    notes.sort(key=lambda note: note.appeal)
    quarter = max(1, len(notes) // 4)
    low, high = notes[:quarter], notes[-quarter:]
    return sum(n.earned for n in low) / quarter, sum(n.earned for n in high) / quarter


def _goals(found: dict[str, Measured]) -> list[Goal]:
    ours, ease = found["ours"], found["EASE"]
    goals = []
    for place in ("rooms", "notes"):
        mine = ours.hits[place, "all"].ndcg(10)
        for name in ("popularity", "repeat"):
            its = found[name].hits[place, "all"].ndcg(10)
            goals.append(Goal(f"{place}: ahead of {name}", mine > its, f"{mine:.3f}, {its:.3f}"))
        its = ease.hits[place, "all"].ndcg(10)
        told = f"{place}: within 3 % of EASE or better"
        goals.append(Goal(told, mine >= EASE_NEAR * its, f"{mine:.3f}, {its:.3f}"))
    mine, its = ours.day_cpu_s, 24 * ease.refit_s + ease.day_cpu_s
    told = f"a day's acts cost a {COST_TIMES}th of EASE with a refit each hour, or less"
    goals.append(Goal(told, mine * COST_TIMES <= its, f"{mine:.3f} s, {its:.1f} s"))
    return goals


def _month_goals(month: Result) -> list[Goal]:
    least = min(each.shown for each in month.outcomes)
    return [
        Goal("every newcomer is shown as promised", least >= PROMISED, f"at least {least}"),
        Goal("no feed has more of them by right than a fifth", month.share_max <= 0.2,
             f"{month.share_max:.0%}"),
    ]  # fmt: skip


def _print_goals(goals: Sequence[Goal]) -> int:
    for goal in goals:
        print(f"{'met   ' if goal.is_met else 'MISSED'}  {goal.told}: {goal.numbers}")
    return int(not all(goal.is_met for goal in goals))
