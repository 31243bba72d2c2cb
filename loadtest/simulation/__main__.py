"""`python -m loadtest simulate`: plans a room of a million, on the costs that were measured.

It compares the simulation with the benchmark, finds where the room bends as it is built and with
each change, and plays a storm of reconnects and the failover of a shard. `--docs` keeps the
pictures and the tables in docs/scaling.md.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from loadtest.simulation.drawing import drawn
from loadtest.simulation.plans import (
    LATE_MS,
    Bend,
    Plan,
    bends,
    by_time,
    compared_with_measured,
    failover,
    storm,
)
from loadtest.simulation.scene import Outcome, simulate
from server.cli.residuals import WITHIN, in_words

_PAGE = Path("docs/scaling.md")
_SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 0.8, 1.0)
_AWAY_S, _DROPPED = 6.0, 0.1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command: 1 if the simulation is too far from what was measured."""
    options = _options(argv)
    plan = Plan(
        options.viewers, options.comments, options.orders, options.workers, options.shards
    )  # fmt: skip
    if (wrong := _wrong(plan)) is not None:
        print(wrong)
        return 2
    folder = Path("docs/images") if options.docs else options.out
    folder.mkdir(parents=True, exist_ok=True)
    compared = list(compared_with_measured())
    fit = in_words(compared, "simulated")
    found = list(bends(plan))
    dropped, away = storm(plan, reads=1.0), failover(plan, _AWAY_S)
    said = {
        "simulated fit": fit,
        "simulated bends": "\n".join(_bends_in_words(plan, found)),
        "simulated plan": "\n".join(_plan_in_words(plan, found[-1], dropped, away)),
    }
    print("\n\n".join(said.values()))
    for name, picture in _pictures(plan, dropped, away):
        (folder / name).write_text(picture, encoding="utf-8")
    print(f"The pictures are in {folder}.")
    if options.docs:
        _into_docs(said)
    return int(any(abs(one.share) > WITHIN for one in compared))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m loadtest simulate", description=__doc__)
    parser.add_argument("--viewers", type=int, default=usual.viewers)
    parser.add_argument("--comments", type=float, default=usual.comments_per_s, help="a second")
    parser.add_argument("--orders", type=float, default=usual.orders_per_s, help="a second")
    parser.add_argument("--workers", type=int, default=usual.workers, help="of one core each")
    parser.add_argument("--shards", type=int, default=usual.shards, help="for sales, at the end")
    parser.add_argument("--docs", action="store_true", help="keep it in docs/scaling.md")
    parser.add_argument("--out", type=Path, default=Path("out/simulation"))
    return parser.parse_args(argv)


def _wrong(plan: Plan) -> str | None:
    if min(plan.viewers, plan.workers) < 1:
        return "A room needs a viewer and a worker at least: give --viewers and --workers above 0."
    if plan.shards < 2:
        return "The last change spreads sales over shards: give --shards of 2 at least."
    if min(plan.comments_per_s, plan.orders_per_s) < 0 or not plan.comments_per_s:
        return "Give --comments above 0, and --orders of 0 at least."
    return None


def _bends_in_words(plan: Plan, found: Sequence[Bend]) -> Iterator[str]:
    yield f"{'':28}{'carries':>10}{'gain':>7}{'workers':>9}{'Redis':>7}{'bus':>6}  then ends it"
    first = found[0].share
    for bend in found:
        o, at = bend.before, round(bend.share * plan.viewers, -3)
        gain = f"{bend.share / first:.1f}×" if first else "-"
        yield (
            f"{bend.change.name:28}{at:10,.0f}{gain:>7}{o.worker:9.0%}{o.redis:7.0%}{o.bus:6.0%}"
            f"  {bend.by or 'nothing: that is all of the plan'}"
        )


def _plan_in_words(plan: Plan, last: Bend, dropped: Outcome, away: Outcome) -> Iterator[str]:
    o, scene = last.before, last.change.made(plan.scene(last.share))
    yield (
        f"{scene.viewers:,} viewers, {scene.comments_per_s:,.0f} comments/s and "
        f"{scene.orders_per_s:,.0f} orders/s in one room, with every change:"
    )
    shards, each = scene.parts + (scene.parts > 1), f"{o.worker:.0%} of a core each"
    for name, value, note in (
        ("workers", f"{scene.workers}", f"{each}, {scene.machines} machines"),
        ("relays", f"{scene.machines}", f"{o.relay:.0%} of a core each"),
        ("Redis shards", f"{shards}", f"{o.redis:.0%} of a core on the fullest"),
        ("bandwidth", f"{o.gbit_per_s:.0f} Gbit/s", "to viewers, for all machines"),
        ("comment", f"{o.comment_p50:.0f} ms", f"p50; p99 {o.comment_p99:.0f} ms"),
        ("order", f"{o.order_p99:.0f} ms", "p99 of bought and paid, without the disk's own time"),
        ("storm", f"{dropped.join_p99:.0f} ms",
         f"p99 of a join when {_DROPPED:.0%} come back; comments {dropped.comment_p99:.0f} ms"),
        ("failover", f"{_late_for_s(away):.0f} s",
         f"until orders are quick again, after a shard was away for {_AWAY_S:.0f} s"),
    ):  # fmt: skip
        yield f"  {name:14}{value:>12}  {note}"


def _late_for_s(away: Outcome) -> float:
    """Seconds from the shard's return until orders are answered in time for good."""
    late = [at for at, ms in by_time(away.orders, 0.5) if ms > LATE_MS]
    return max(late, default=0.0) + 0.5 - (3.0 + _AWAY_S) if late else 0.0


def _pictures(plan: Plan, dropped: Outcome, away: Outcome) -> Iterator[tuple[str, str]]:
    redis = {
        change.name: [
            (plan.viewers * share, simulate(change.made(plan.scene(share, seconds=1))).redis * 100)
            for share in _SHARES
        ]
        for change in plan.changes()
    }
    yield (
        "scaling-bends.svg",
        drawn(
            "Where a room bends: work for the fullest Redis shard",
            "viewers (comments, orders and workers in proportion)",
            "% of a core; above 100, more than it can do",
            redis, top=200, limit=100,
        ),
    )  # fmt: skip
    yield (
        "scaling-storm.svg",
        drawn(
            f"{_DROPPED:.0%} of all viewers come back at once",
            "seconds", "p99, ms",
            {"join": by_time(dropped.joins, 0.25), "comment": by_time(dropped.comments, 0.25)},
            top=200,
        ),
    )  # fmt: skip
    yield (
        "scaling-failover.svg",
        drawn(
            f"A shard with sales is away for {_AWAY_S:.0f} s",
            "seconds", "ms from the click to the answer, or to be read",
            {
                "order, p99": by_time(away.orders, 1),
                "order, mean": by_time(away.orders, 1, None),
                "comment, p99": by_time(away.comments, 1),
            },
            top=8000,
        ),
    )  # fmt: skip


def _into_docs(said: dict[str, str]) -> None:
    page = _PAGE.read_text(encoding="utf-8")
    for name, text in said.items():
        head, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- /{name} -->")
        page = f"{head}{begin}```text\n{text}\n```\n{end}{tail}"
    _PAGE.write_text(page, encoding="utf-8")
    print(f"Put into {_PAGE}.")


if __name__ == "__main__":
    sys.exit(main())
