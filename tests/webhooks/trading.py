"""Lines in a ledger, and what an endpoint answers to them."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.orders.shop import Shop


async def trade(shop: Shop, lines: int) -> None:
    """Write so many lines to the ledger of a room."""
    sale = await shop.open(stock=1000)
    for n in range(lines - 1):
        await shop.buy(f"u{n}", sale)


async def ok(_: dict[str, Any]) -> int:
    """Take a post."""
    return 200


def answering(status: int) -> Callable[[dict[str, Any]], Awaitable[int]]:
    """Return an answer with a status to every post."""

    async def answer(_: dict[str, Any]) -> int:
        return status

    return answer
