"""The results as one SVG: CPU a delivered comment, a panel for each row of the plan."""

from collections.abc import Iterator, Sequence
from html import escape

from loadtest.fanout.measure import Result

_WIDTH, _BAR, _GAP, _LEFT, _RIGHT, _HEAD = 860, 18, 6, 210, 210, 44
_OURS, _PEERS, _SHORT = "#0b6e5f", "#8a94a6", "#d9a13b"
_WHOLE = 0.98
"""Share of the due comments below which a bar is drawn as falling short."""


def picture(results: Sequence[Result]) -> str:
    """An SVG document that a browser or a README shows."""
    rows: dict[str, list[Result]] = {}
    for result in results:
        rows.setdefault(result.row, []).append(result)
    parts: list[str] = []
    y = 58
    for mine in rows.values():
        parts.extend(_panel(mine, y))
        y += _HEAD + len(mine) * (_BAR + _GAP) + 14
    size = f'width="{_WIDTH}" height="{y}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_WIDTH} {y}" '
        f'font-family="system-ui, sans-serif" font-size="12">\n<rect {size} fill="#fff"/>\n'
        '<text x="16" y="26" font-size="17" font-weight="600">Server CPU a delivered comment, '
        "microseconds (shorter is better)</text>\n"
        f'<text x="16" y="46" fill="#555">One core, one run. <tspan fill="{_SHORT}">Amber: the '
        "server could not deliver all that was due; the share is beside it.</tspan></text>"
    )
    return "\n".join((head, *parts, "</svg>\n"))


def _panel(results: Sequence[Result], top: int) -> Iterator[str]:
    title = f"{results[0].rate_per_s:,} comments/s to {results[0].viewers:,} viewers"
    yield f'<text x="16" y="{top + 28}" font-size="14" font-weight="600">{title}</text>'
    longest = max((r.cpu_us or 0 for r in results), default=0) or 1
    for n, result in enumerate(sorted(results, key=lambda r: r.cpu_us or float("inf"))):
        yield from _bar(result, top + _HEAD + n * (_BAR + _GAP), longest)


def _bar(r: Result, y: int, longest: float) -> Iterator[str]:
    width = max(1.0, (r.cpu_us or 0) / longest * (_WIDTH - _LEFT - _RIGHT))
    colour = _OURS if r.key.startswith("ours") else _PEERS
    if r.reached < _WHOLE:
        colour = _SHORT
    said = "nothing delivered" if r.cpu_us is None else f"{r.cpu_us:.2f} µs"
    if r.p99_ms is not None:
        said += f", p99 {r.p99_ms:,.0f} ms"
    if r.reached < _WHOLE:
        said += f", {r.reached:.0%} delivered"
    weight = ' font-weight="600"' if r.key.startswith("ours") else ""
    middle = y + _BAR - 5
    yield f'<text x="{_LEFT - 8}" y="{middle}" text-anchor="end"{weight}>{escape(r.title)}</text>'
    yield f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>'
    yield f'<text x="{_LEFT + width + 6:.1f}" y="{middle}" fill="#333">{said}</text>'
