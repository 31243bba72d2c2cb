"""Findings in words. This module and docs/metrics.md, "findings", both give each threshold."""

from collections.abc import Callable, Iterator

from server.features.figures.reckoning.models import Figures, Finding, ProductRow

ROWS_MAX = 3
"""Findings of one kind about products."""
ASKS_MIN = 10
PINNED_UNITS_MIN = 10
PINNED_TIMES = 3
PINNED_MS_MIN = 60_000
FIRST_ORDERS_MIN = 20
LATE_MS = 5 * 60_000
CLAIMED_MIN = 20
ORDERS_MIN = 20
RETURNS_MIN = 3
USUAL_STREAMS_MIN = 3
VIEWERS_MIN = 50
RESERVED_MIN = 20
UNMET_MIN = 3
OPEN_QUESTIONS_MIN = 5
SOURCE_VIEWERS_MIN = 30
SOURCE_BUYERS_MIN = 5


def find(figures: Figures) -> list[Finding]:
    """All findings, in the order of the table in docs/metrics.md."""
    return [finding for rule in _RULES for finding in rule(figures)]


def _asked_unpinned(figures: Figures) -> Iterator[Finding]:
    asked = [
        row
        for row in figures.products
        if row.asks_unpinned >= ASKS_MIN and row.asks_unpinned * 2 >= row.asks
    ]
    for row in sorted(asked, key=lambda row: (-row.asks_unpinned, row.sku))[:ROWS_MAX]:
        yield Finding(
            "asked_unpinned",
            {"sku": row.sku, "title": row.title, "asks": row.asks_unpinned},
            f"The link of {row.title} was asked for {row.asks_unpinned} times while it was not "
            "pinned.",
        )


def _pin_sold(figures: Figures) -> Iterator[Finding]:
    if figures.started_ms is None:
        return
    stream_ms = (figures.ended_ms or figures.at_ms) - figures.started_ms
    sold = [row for row in figures.products if _sold_by_its_pin(row, stream_ms)]
    for row in sorted(sold, key=lambda row: (-row.units_pinned, row.sku))[:ROWS_MAX]:
        minutes, rest = round(row.pinned_ms / 60_000), _units_in_the_rest(row)
        yield Finding(
            "pin_sold",
            {"sku": row.sku, "title": row.title, "units": row.units_pinned, "minutes": minutes}
            | {"rest": rest},
            f"{row.title} sold {row.units_pinned} in the {_count(minutes, 'minute')} it was pinned "
            f"and {rest} in the rest.",
        )


def _units_in_the_rest(row: ProductRow) -> int:
    return row.units - row.units_pinned - row.units_replay


def _sold_by_its_pin(row: ProductRow, stream_ms: int) -> bool:
    rest_ms = stream_ms - row.pinned_ms
    if row.units_pinned < PINNED_UNITS_MIN or min(row.pinned_ms, rest_ms) < PINNED_MS_MIN:
        return False
    return row.units_pinned * rest_ms >= PINNED_TIMES * _units_in_the_rest(row) * row.pinned_ms


def _unmet(figures: Figures) -> Iterator[Finding]:
    wanted = [row for row in figures.products if row.unmet >= UNMET_MIN]
    for row in sorted(wanted, key=lambda row: (-row.unmet, row.sku))[:ROWS_MAX]:
        yield Finding(
            "unmet",
            {"sku": row.sku, "title": row.title, "unmet": row.unmet},
            f"{row.unmet} more people wanted {row.title} than there was for.",
        )


def _first_orders_late(figures: Figures) -> Iterator[Finding]:
    buyers = figures.numbers.first_order_count
    late = sum(row.buyers for row in figures.first_orders if row.from_ms >= LATE_MS)
    if buyers >= FIRST_ORDERS_MIN and late * 4 >= buyers * 3:
        yield Finding(
            "first_orders_late",
            {"late": late, "buyers": buyers, "minutes": LATE_MS // 60_000},
            f"{late} of {buyers} first orders came after {LATE_MS // 60_000} minutes or more.",
        )


def _coupons_unused(figures: Figures) -> Iterator[Finding]:
    claimed, used = figures.numbers.coupons_claimed, figures.numbers.coupons_used
    if claimed >= CLAIMED_MIN and used * 2 <= claimed:
        yield Finding(
            "coupons_unused",
            {"claimed": claimed, "unused": claimed - used},
            f"{claimed - used} of the {claimed} coupons that were claimed were not used.",
        )


def _usual(figures: Figures, number: str) -> float | None:
    """The median of the earlier streams; None if they are too few, or the median is 0."""
    compared = figures.compared.get(number)
    if compared is None or compared.streams < USUAL_STREAMS_MIN:
        return None
    return compared.median or None


def _returns_high(figures: Figures) -> Iterator[Finding]:
    numbers, usual = figures.numbers, _usual(figures, "return_rate")
    rate, returns = numbers.return_rate, numbers.orders_by_status["returned"]
    if usual is None or rate is None or numbers.orders < ORDERS_MIN or returns < RETURNS_MIN:
        return
    if rate >= 2 * usual:
        yield Finding(
            "returns_high",
            {"share": rate, "usual": usual},
            f"{_percent(rate)} of the orders were returned; your usual is {_percent(usual)}.",
        )


def _conversion(figures: Figures) -> Iterator[Finding]:
    conversion, usual = figures.numbers.conversion, _usual(figures, "conversion")
    if usual is None or conversion is None or figures.numbers.viewers < VIEWERS_MIN:
        return
    if conversion >= 2 * usual:
        code = "conversion_high"
    elif conversion * 2 <= usual and figures.ended_ms is not None:
        code = "conversion_low"
    else:
        return
    yield Finding(
        code,
        {"share": conversion, "usual": usual},
        f"Conversion is {_percent(conversion)}; your usual is {_percent(usual)}.",
    )


def _reserved_absent(figures: Figures) -> Iterator[Finding]:
    reserved, came = figures.numbers.reserved, figures.numbers.reserved_came
    if figures.ended_ms is not None and reserved >= RESERVED_MIN and came * 2 <= reserved:
        yield Finding(
            "reserved_absent",
            {"reserved": reserved, "absent": reserved - came},
            f"{reserved - came} of the {reserved} who had reserved did not come.",
        )


def _questions_open(figures: Figures) -> Iterator[Finding]:
    still_open = figures.numbers.questions - figures.numbers.questions_answered
    if still_open >= OPEN_QUESTIONS_MIN:
        text = f"{still_open} questions are not answered."
        yield Finding("questions_open", {"questions": still_open}, text)


def _fans_carry(figures: Figures) -> Iterator[Finding]:
    orders, fans = figures.numbers.orders, figures.numbers.fan_orders
    if orders >= ORDERS_MIN and fans * 10 >= orders * 7:
        text = f"Fans placed {fans} of the {orders} orders."
        yield Finding("fans_carry", {"fan_orders": fans, "orders": orders}, text)


def _source_best(figures: Figures) -> Iterator[Finding]:
    overall = figures.numbers.conversion
    named = [
        (row.conversion, row.kind)
        for row in figures.sources
        if row.kind
        and row.conversion is not None
        and row.viewers >= SOURCE_VIEWERS_MIN
        and row.buyers >= SOURCE_BUYERS_MIN
    ]
    if not named or overall is None:
        return
    best, kind = max(named)
    if best >= 2 * overall:
        yield Finding(
            "source_best",
            {"kind": kind, "share": best, "all": overall},
            f"Conversion of the viewers from {kind} is {_percent(best)}, "
            f"of all {_percent(overall)}.",
        )


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.1f} %"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


_RULES: tuple[Callable[[Figures], Iterator[Finding]], ...] = (
    _asked_unpinned,
    _pin_sold,
    _unmet,
    _first_orders_late,
    _coupons_unused,
    _returns_high,
    _conversion,
    _reserved_absent,
    _questions_open,
    _fans_carry,
    _source_best,
)
