"""The results as text, one block a row of the plan."""

from collections.abc import Iterator, Sequence

from loadtest.fanout.measure import Result

_HEAD = (
    f"{'':26}{'delivered/s':>12}{'of due':>8}{'µs/comment':>12}{'+Redis':>8}{'p50 ms':>9}"
    f"{'p99 ms':>9}{'max ms':>9}{'KB/viewer':>11}{'joins/s':>9}{'B/comment':>11}"
)
OTHERS_LIMIT = 0.15
"""Share of a core that other programs may use before a line is marked as disturbed."""


def table(results: Sequence[Result]) -> str:
    """All results, with footnotes for those that say less than they seem to."""
    rows: dict[str, list[Result]] = {}
    for result in results:
        rows.setdefault(result.row, []).append(result)
    blocks = []
    for mine in rows.values():
        title = f"{mine[0].rate_per_s} comments/s × {mine[0].viewers} viewers"
        blocks.append("\n".join((title, _HEAD, *map(_line, mine))))
    return "\n\n".join((*blocks, *_notes(results)))


def _line(r: Result) -> str:
    marks = ("*" if r.client_was_limit else "") + ("!" if r.others_cpu > OTHERS_LIMIT else "")
    return (
        f"{r.title + marks:26}{r.delivered_per_s:12,.0f}{r.reached:8.0%}{_number(r.cpu_us, 12, 2)}"
        f"{_number(r.redis_us, 8, 2)}{_number(r.p50_ms, 9, 1)}{_number(r.p99_ms, 9, 1)}"
        f"{_number(r.max_ms, 9, 0)}{r.memory_kb:11.1f}{r.joins_per_s:9,.0f}"
        f"{_number(r.bytes_per_comment, 11, 0)}"
    )


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:{width},.{digits}f}"


def _notes(results: Sequence[Result]) -> Iterator[str]:
    yield (
        "µs/comment: CPU (user + system) of the server a delivered comment, without its Redis, "
        "which stands beside it.\nLatency runs from the instant a comment was due to be published "
        "until a viewer has read it."
    )
    if any(r.client_was_limit for r in results):
        yield "* The load client's core was more than 90 % busy: it was the limit, or nearly."
    if any(r.others_cpu > OTHERS_LIMIT for r in results):
        yield "! Other programs used more than 15 % of a core meanwhile; measure again."
    if any(r.client == "Python" for r in results):
        yield "The load client is the slow one in Python: install a C compiler for real numbers."
