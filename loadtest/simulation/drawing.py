"""Lines in an SVG of its own, as docs show them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 760, 320, 64, 190, 52, 46
_COLOURS = ("#a33b4a", "#c2571a", "#3558a8", "#0b6e5f", "#8a5fb0")

Lines = Mapping[str, Sequence[tuple[float, float]]]


def drawn(title: str, across: str, up: str, lines: Lines, *, top: float, limit: float = 0) -> str:
    """One chart: `across` and `up` name its axes; what lies above `top` is cut off there.

    A dashed line stands at `limit`, if there is one.
    """
    last = float(math.ceil(max((x for line in lines.values() for x, _ in line), default=1)))
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="system-ui, sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>',
        f'<rect {size} fill="#fff"/>',
        f'<text x="16" y="26" font-size="16" font-weight="600">{escape(title)}</text>',
        f'<text x="16" y="44" fill="#555">{escape(up)}</text>',
        *_grid(across, last, top),
    ]
    if limit:
        y = _y(limit, top)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#555" stroke-dasharray="5 4"/>'
        )
    for n, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[n % len(_COLOURS)]
        points = " ".join(f"{_x(x, last):.1f},{_y(min(y, top), top):.1f}" for x, y in line)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        at = _TOP + 14 + n * 20
        left = _WIDTH - _RIGHT + 14
        parts.append(f'<rect x="{left}" y="{at - 9}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + 20}" y="{at - 3}">{escape(name)}</text>')
    return "\n".join((*parts, "</svg>\n"))


def _grid(across: str, last: float, top: float) -> Iterator[str]:
    for n in range(5):
        y, x = _y(top * n / 4, top), _x(last * n / 4, last)
        yield (
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#e3e6ea"/>'
        )
        yield f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * n / 4:g}</text>'
        place = f'x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}"'
        yield f'<text {place} text-anchor="middle">{_short(last * n / 4)}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>'


def _x(value: float, last: float) -> float:
    return _LEFT + value / last * (_WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return _TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM)


def _short(value: float) -> str:
    return f"{math.floor(value / 1000):,}k" if value >= 10_000 else f"{value:g}"
