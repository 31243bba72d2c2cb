"""The results of the fold. docs/metrics.md defines every number here by its name.

Money is by currency in its minor unit; times are Unix milliseconds, spans `_ms`; a share is a
fraction from 0 to 1, null where there is nothing to divide by.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

Amounts = dict[str, int]
"""Currency (ISO 4217) -> sum in its minor unit."""
Averages = dict[str, float | None]
"""Currency -> money in its minor unit, or a share; not rounded."""
Flat = dict[str, float | None]
"""Number, or number.key for a map -> value."""


class Numbers(Struct, kw_only=True):
    """The room in one number each; features' tallies add theirs at the end (`FigureTypes`)."""

    gmv_gross: Amounts
    gmv_returned: Amounts
    gmv_net: Amounts
    orders: int
    orders_by_status: dict[str, int]
    units: int
    average_order: Averages
    buyers: int
    viewers: int
    guests: int
    conversion: float | None
    viewer_value: Averages
    watchers: int
    watch_total_ms: int
    watch_mean_ms: float | None
    watch_median_ms: float | None
    replay_viewers: int
    first_order_count: int
    first_order_p25_ms: float | None
    first_order_p50_ms: float | None
    first_order_p75_ms: float | None
    first_order_p90_ms: float | None
    returning_buyers: int
    repurchase_share: float | None
    fan_orders: int
    fan_gmv: Amounts
    fan_order_share: float | None
    fan_gmv_share: Averages
    member_orders: int
    member_gmv: Amounts
    return_rate: float | None
    replay_orders: int
    replay_gmv: Amounts
    group_orders: int
    group_gmv: Amounts
    coupon_cost: Amounts
    coupons_claimed: int
    coupons_used: int
    coupon_use_share: float | None
    reserved: int
    reserved_came: int
    reserved_bought: int
    reserved_conversion: float | None
    announced: int
    announced_came: int
    announced_bought: int
    announced_conversion: float | None
    asks: int
    asks_unpinned: int
    askers: int
    asker_conversion: float | None
    questions: int
    questions_answered: int
    questions_asked: int


class FirstOrders(Struct):
    """The number of buyers whose first order came so long after their first visit."""

    from_ms: int
    below_ms: int | None
    buyers: int


class SourceRow(Struct, kw_only=True):
    """The visits and sales of one kind of source, or of one `id`. An empty kind means no source."""

    kind: str
    id: str = ""
    orders: int
    gmv: Amounts
    viewers: int
    buyers: int
    conversion: float | None


class ProductRow(Struct, kw_only=True):
    """The figures of one product."""

    sku: str
    title: str
    asks: int
    asks_unpinned: int
    askers: int
    asker_conversion: float | None
    pinned_ms: int
    units: int
    units_pinned: int
    units_replay: int
    gmv: Amounts
    units_returned: int
    gmv_returned: Amounts
    return_rate: float | None
    unmet: int = 0


class PinRow(Struct, kw_only=True):
    """The sales from one pin to the next; `to_ms` is null while the product is pinned."""

    sku: str
    title: str
    from_ms: int
    to_ms: int | None
    ms: int
    units: int
    gmv: Amounts
    other_units: int
    other_gmv: Amounts
    viewers: int
    asks: int


class CouponRow(Struct, kw_only=True):
    """The figures of one coupon."""

    coupon: str
    title: str
    quota: int
    claimed: int
    used: int
    cost: Amounts


class MinuteRow(Struct, kw_only=True):
    """The figures of one minute, named by its start."""

    minute_ms: int
    orders: int
    gmv: Amounts
    asks: int


class Compared(Struct):
    """A number with the median of the host's earlier streams, and its distance from that median."""

    median: float | None
    streams: int
    change: float | None


class Finding(Struct):
    """A finding: a code with parameters, and an English sentence."""

    code: str
    params: dict[str, Any]
    text: str


class Figures(Struct, kw_only=True):
    """All figures of a room as of `at_ms`, and of these places in its ledger and timeline.

    `started_ms` and `ended_ms` are null until it starts, or ends.
    """

    room: str
    at_ms: int
    ledger: int
    timeline: str
    started_ms: int | None
    ended_ms: int | None
    numbers: Numbers
    first_orders: list[FirstOrders]
    sources: list[SourceRow]
    source_ids: list[SourceRow]
    products: list[ProductRow]
    pins: list[PinRow]
    coupons: list[CouponRow]
    minutes: list[MinuteRow]
    compared: dict[str, Compared] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    practice: bool = False
    """The room is a practice: all orders in here are void."""


Spans = list[tuple[int, int]]
"""Times (ms) from which up to which, 0: until now."""


class Context(Struct, frozen=True):
    """Data that a room's own ledger and timeline lack.

    `bought_before`: user -> time (ms) of their first payment to this host, in any room. `followed`:
    user -> time (ms) of their first follow of the host. `belonged`: user -> when they were in the
    host's fan group. `earlier`: the flat numbers of the host's earlier streams. A user who never
    paid, followed or belonged is absent from that map.
    """

    bought_before: Mapping[str, int] = {}
    followed: Mapping[str, int] = {}
    belonged: Mapping[str, Spans] = {}
    earlier: Sequence[Flat] = ()


class StreamRow(Struct):
    """One of a host's rooms. Times in Unix ms, 0 = not yet; `numbers` are null until it starts, and
    while they can't be read."""

    room: str
    title: str
    kind: str
    phase: str
    created: int
    started: int
    ended: int
    numbers: Numbers | None
