"""Latency and CPU against the rate of comments, as one SVG: what a short tick costs, and brings."""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from loadtest.fanout.measure import Result, Row

ROWS = tuple(Row(rate, 2000) for rate in (1, 5, 10, 20, 30, 50, 100, 200, 400, 1000))
CONTENDERS = ("ours", "uws")

_WIDTH, _LEFT, _RIGHT, _PANEL, _GAP, _HEAD = 860, 70, 190, 230, 70, 70
_COLOURS = ("#0b6e5f", "#8a94a6", "#b0603a", "#5b6cb0")
_SHORT = "#d9a13b"
_WHOLE = 0.98
"""Share of the due comments below which a point is drawn as falling short."""

Value = Callable[[Result], float | None]


def rates_picture(results: Sequence[Result]) -> str:
    """An SVG document with two panels over the same rates, both axes logarithmic."""
    viewers = max((r.viewers for r in results), default=0)
    height = _HEAD + 2 * (_PANEL + _GAP)
    size = f'width="{_WIDTH}" height="{height}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="12">\n<rect {size} fill="#fff"/>\n'
        f'<text x="16" y="26" font-size="17" font-weight="600">Comments a second to {viewers:,} '
        "viewers: how late, and for how much CPU</text>\n"
        f'<text x="16" y="46" fill="#555">One core, one run. <tspan fill="{_SHORT}">Amber: not all '
        "that was due could be delivered.</tspan></text>"
    )
    below = _HEAD + _PANEL + _GAP
    return "\n".join(
        (
            head,
            *_panel(results, _HEAD, "p50 from due to read, ms", lambda r: r.p50_ms),
            *_panel(results, below, "server CPU a delivered comment, µs", lambda r: r.cpu_us),
            "</svg>\n",
        )
    )


def _panel(results: Sequence[Result], top: int, title: str, value: Value) -> Iterator[str]:
    yield f'<text x="16" y="{top + 14}" font-size="14" font-weight="600">{title}</text>'
    points = [(r.rate_per_s, v) for r in results if (v := value(r)) is not None and v > 0]
    if not points:
        return
    across = _Scale([rate for rate, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Scale([v for _, v in points], top + _PANEL, top + 30)
    for mark in up.marks():
        y = up.at(mark)
        yield f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e3e6ea"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{mark:g}</text>'
    for rate in sorted({rate for rate, _ in points}):
        x, y = across.at(rate), top + _PANEL + 18
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="middle" fill="#555">{rate:,}</text>'
    for n, key in enumerate(dict.fromkeys(r.key for r in results)):
        line = sorted((r for r in results if r.key == key), key=lambda r: r.rate_per_s)
        yield from _line(line, across, up, value, _COLOURS[n % len(_COLOURS)])


def _line(
    line: Sequence[Result], across: "_Scale", up: "_Scale", value: Value, colour: str
) -> Iterator[str]:
    drawn = [(r, across.at(r.rate_per_s), up.at(v)) for r in line if (v := value(r))]
    if not drawn:
        return
    path = "L".join(f"{x:.1f} {y:.1f}" for _, x, y in drawn)
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for result, x, y in drawn:
        fill = colour if result.reached >= _WHOLE else _SHORT
        said = escape(f"{result.title}, {result.rate_per_s:,}/s: {value(result):.2f}")
        at = f'cx="{x:.1f}" cy="{y:.1f}" r="4"'
        yield f'<circle {at} fill="{fill}"><title>{said}</title></circle>'
    result, x, y = drawn[-1]
    yield f'<text x="{x + 10:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(result.title)}</text>'


class _Scale:
    """A logarithmic axis from the least to the greatest value."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self._low = math.log10(min(values))
        self._width = (math.log10(max(values)) - self._low) or 1.0
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """Return where a value lies, in pixels."""
        return self._begin + (math.log10(value) - self._low) / self._width * (
            self._end - self._begin
        )

    def marks(self) -> list[float]:
        """Return round values within the axis: 1, 2 and 5 of each power of ten."""
        low, high = self._low - 1e-9, self._low + self._width + 1e-9
        powers = range(math.floor(low), math.ceil(high) + 1)
        round_ones = (step * 10.0**power for power in powers for step in (1, 2, 5))
        return [value for value in round_ones if low <= math.log10(value) <= high]
