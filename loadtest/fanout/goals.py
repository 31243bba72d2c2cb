"""Compares our goals with the measurements of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtest.fanout.measure import Result

_ALL = 0.98
"""Share of the due comments that counts as all: the edges of the measured time blur the rest."""


@dataclass(frozen=True)
class Goal:
    """One goal and whether it was met."""

    what: str
    measured: str
    met: bool


def goals(results: Sequence[Result]) -> list[Goal]:
    """Every goal that this run can speak to."""
    at = {(result.key, result.row): result for result in results}
    return [*_cpu(at), *_latency(at), *_rest(at)]


At = dict[tuple[str, str], Result]


def _cpu(at: At) -> Iterator[Goal]:
    rows = (("30x2000", None, 0.9), ("200x2000", None, 1 / 2), ("1000x2000", 0.25, 1 / 2))
    for row, limit_us, share in rows:
        ours, uws = at.get(("ours", row)), at.get(("uws", row))
        if ours is None or ours.cpu_us is None:
            continue
        if limit_us is not None:
            yield Goal(
                f"{row}: at most {limit_us} µs a delivered comment, all delivered",
                f"{ours.cpu_us:.2f} µs, {ours.reached:.0%}",
                ours.cpu_us <= limit_us and ours.reached >= _ALL,
            )
        if uws is not None and uws.cpu_us is not None:
            yield Goal(
                f"{row}: at most {share:.2g} of uWebSockets' CPU",
                f"{ours.cpu_us / uws.cpu_us:.2f} ({ours.cpu_us:.2f} of {uws.cpu_us:.2f} µs)",
                ours.cpu_us <= uws.cpu_us * share,
            )
    quiet, aiohttp = at.get(("ours", "1x2000")), at.get(("aiohttp", "1x2000"))
    if quiet and aiohttp and quiet.cpu_us is not None and aiohttp.cpu_us is not None:
        yield Goal(
            "1x2000: at most aiohttp's CPU",
            f"{quiet.cpu_us:.2f} of {aiohttp.cpu_us:.2f} µs",
            quiet.cpu_us <= aiohttp.cpu_us,
        )


def _latency(at: At) -> Iterator[Goal]:
    for row, limit_ms in (("30x2000", 20), ("200x2000", 30)):
        soon = at.get(("ours", row))
        if soon is not None and soon.p50_ms is not None:
            yield Goal(f"{row}: p50 at most {limit_ms} ms", f"{soon.p50_ms:.0f} ms",
                       soon.p50_ms <= limit_ms)  # fmt: skip
    for row, limit_ms in (("200x2000", 150), ("1000x2000", 250)):
        ours = at.get(("ours", row))
        if ours is not None and ours.p99_ms is not None:
            yield Goal(f"{row}: p99 at most {limit_ms} ms", f"{ours.p99_ms:.0f} ms",
                       ours.p99_ms <= limit_ms)  # fmt: skip


def _rest(at: At) -> Iterator[Goal]:
    busy = at.get(("ours", "200x2000"))
    if busy is not None and busy.buy_p99_ms is not None:
        yield Goal("200x2000: reply to a buy, p99 at most 100 ms", f"{busy.buy_p99_ms:.0f} ms",
                   busy.buy_p99_ms <= 100)  # fmt: skip
    if busy is not None and busy.join_p99_ms is not None:
        yield Goal("200x2000: reply to one join, p99 at most 30 ms", f"{busy.join_p99_ms:.0f} ms",
                   busy.join_p99_ms <= 30)  # fmt: skip
    crowd = at.get(("ours", "5x15000"))
    if crowd is not None:
        yield Goal("15,000 viewers: at most 6 KB each", f"{crowd.memory_kb:.1f} KB",
                   crowd.memory_kb <= 6)  # fmt: skip
        yield Goal("15,000 joins: at least 5,000 a second", f"{crowd.joins_per_s:,.0f}",
                   crowd.joins_per_s >= 5000)  # fmt: skip
        aiohttp = at.get(("aiohttp", "5x15000"))
        if aiohttp is not None:
            yield Goal("15,000 joins: at least aiohttp's bare upgrades",
                       f"{crowd.joins_per_s:,.0f} of {aiohttp.joins_per_s:,.0f} a second",
                       crowd.joins_per_s >= aiohttp.joins_per_s)  # fmt: skip
    plain, packed = at.get(("ours", "200x2000")), at.get(("ours-deflate", "200x2000"))
    if plain and packed and plain.bytes_per_comment and packed.bytes_per_comment:
        share = packed.bytes_per_comment / plain.bytes_per_comment
        yield Goal("200x2000: deflated, at most 0.4 of the bytes", f"{share:.2f}", share <= 0.4)


def in_words(found: Sequence[Goal]) -> str:
    """One line a goal."""
    rows = (f"{'met' if goal.met else 'MISSED':8}{goal.what}: {goal.measured}" for goal in found)
    return "\n".join(rows)
