"""Curves as inline SVG, for the report."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 560, 190, 52, 22, 12
_COLOURS = ("#0b6e5f", "#c2571a", "#3558a8", "#8a5fb0", "#a33b4a", "#6b7280")

Series = Mapping[str, Sequence[tuple[float, float | None]]]


_MARKS = {"sale": "#d9a13b", "burst": "#f3e3bf", "drop": "#e7b7bd"}


def curves(title: str, unit: str, series: Series, marks: Sequence[Mapping[str, Any]] = ()) -> str:
    """One chart with a line for each of `series`: (seconds, value); None breaks a line.

    `marks` ({kind, at_s, until_s, label}) stand behind the lines: moments as lines, times as bands.
    """
    shown = {name: points for name, points in series.items() if any(v for _, v in points)}
    if not shown:
        return ""
    last_s = max(at for points in shown.values() for at, _ in points) or 1
    top = _nice(max(v for points in shown.values() for _, v in points if v is not None))
    body = [*(_mark(mark, last_s) for mark in marks if mark["at_s"] < last_s), _grid(top, last_s)]
    legend = []
    for n, (name, points) in enumerate(shown.items()):
        colour = _COLOURS[n % len(_COLOURS)]
        legend.append(f'<span><i style="background:{colour}"></i>{escape(name)}</span>')
        for part in _unbroken(points):
            line = " ".join(f"{_x(at, last_s):.1f},{_y(value, top):.1f}" for at, value in part)
            body.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
            )
    return (
        f"<figure><figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'{"".join(body)}</svg><div class="legend">{"".join(legend)}</div></figure>'
    )


def _mark(mark: Mapping[str, Any], last_s: float) -> str:
    left, right = _x(mark["at_s"], last_s), _x(min(mark["until_s"], last_s), last_s)
    return (
        f'<rect class="mark" x="{left:.1f}" y="{_TOP}" width="{max(1.5, right - left):.1f}" '
        f'height="{_HEIGHT - _TOP - _BOTTOM}" fill="{_MARKS[mark["kind"]]}">'
        f"<title>{escape(mark['label'])}</title></rect>"
    )


def _unbroken(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    parts: list[list[tuple[float, float]]] = [[]]
    for at, value in points:
        if value is not None:
            parts[-1].append((at, value))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def _grid(top: float, last_s: float) -> str:
    rows = []
    for n in range(5):
        value = top * n / 4
        y = _y(value, top)
        rows.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e3e6ea"/>'
            f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>'
        )
    for n in range(5):
        at = last_s * n / 4
        anchor = "end" if n == 4 else "middle"
        place = f'x="{_x(at, last_s):.1f}" y="{_HEIGHT - 5}" text-anchor="{anchor}"'
        rows.append(f"<text {place}>{at:.0f} s</text>")
    return "".join(rows)


def _x(at: float, last_s: float) -> float:
    return _LEFT + at / last_s * (_WIDTH - _LEFT)


def _y(value: float, top: float) -> float:
    return _TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM)


def _nice(value: float) -> float:
    """The next 1, 2, 2.5 or 5 times a power of ten, so that the grid has round numbers."""
    power = 1e-3
    while power * 10 < value:
        power *= 10
    return next((power * n for n in (1, 2, 2.5, 5, 10) if power * n >= value), value)


def _short(value: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:.3g}"
