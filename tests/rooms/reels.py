"""Facts of a stream by the minute in which they happened."""

from typing import Any

MINUTE = 60_000
STARTED = 1_000_000
Fact = tuple[float, str, dict[str, Any]]


def pin(minute: float, sku: str, price: int = 0) -> Fact:
    return minute, "pin", {"sku": sku, "title": "A pin", "price": price, "currency": "CNY"}


def opened(minute: float, sale: str, price: int, starts: float, ends: float = 0) -> Fact:
    times = [STARTED + int(m * MINUTE) if m else 0 for m in (starts, ends)]
    return minute, "sale", {
        "what": "opened", "sale": sale, "add": 5, "sku": "mug", "title": "Mug", "price": price,
        "currency": "CNY", "starts": times[0], "ends": times[1],
    }  # fmt: skip
