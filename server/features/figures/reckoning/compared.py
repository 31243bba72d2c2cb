"""Compares a stream's numbers with those of the host's earlier streams."""

from collections.abc import Sequence

import msgspec

from server.features.figures.reckoning.models import Compared, Flat, Numbers
from server.features.figures.reckoning.sums import median

STREAMS_MAX = 20
_SUMS = (
    "gmv_gross", "gmv_returned", "gmv_net", "fan_gmv", "member_gmv", "replay_gmv", "group_gmv",
    "coupon_cost",
)  # fmt: skip
"""Maps of money in which a currency that is absent means that nothing was sold in it."""


def flat(numbers: Numbers) -> Flat:
    """The numbers in one map, `gmv_gross.CNY` for the currencies and statuses."""
    found: Flat = {}
    for name, value in msgspec.structs.asdict(numbers).items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            found[name] = value
    return found


def compare(numbers: Numbers, earlier: Sequence[Flat]) -> dict[str, Compared]:
    """Return each number with the median of the earlier streams; nothing if there were none."""
    if not earlier:
        return {}
    return {name: _compared(name, value, earlier) for name, value in flat(numbers).items()}


def _compared(name: str, value: float | None, earlier: Sequence[Flat]) -> Compared:
    absent = 0 if name.partition(".")[0] in _SUMS else None
    known = [each.get(name, absent) for each in earlier]
    usual = sorted(each for each in known if each is not None)
    middle = median(usual)
    change = (value - middle) / middle if middle and value is not None else None
    return Compared(middle, len(usual), change)
