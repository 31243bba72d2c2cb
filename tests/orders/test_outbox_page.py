"""docs/outbox.md describes every line that a ledger has, with all its fields."""

import re
from pathlib import Path
from typing import Any

from server.features.orders.messages import Order
from tests.orders.shop import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "outbox.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)`(?: `(\w+)`)? \| (.+?) \|", re.MULTILINE)
EVERYWHERE = {"k", "at"}


def described() -> dict[tuple[str, str], dict[str, bool]]:
    """(kind, what) -> its fields, and whether each is always there."""
    table = PAGE[PAGE.index("| `k` | fields") : PAGE.index("An `order` has")].split("\n", 1)[1]
    return {
        (kind, what): {name: not optional for name, optional in re.findall(r"`(\w+)`(\??)", fields)}
        for kind, what, fields in ROW.findall(table)
    }


async def all_kinds(shop: Shop) -> list[dict[str, Any]]:
    """The ledger of a room in which everything happened that the ledger keeps."""
    coupon = await shop.give_out()
    claim = await shop.claim("ann", coupon)
    sale = await shop.open(stock=3)
    await shop.take_back(await shop.pay(await shop.buy("ann", sale, claim=claim.claim)))
    bobs = await shop.charge(await shop.buy("bob", sale), "p1")
    await shop.ask_return(bobs)
    await shop.answer_return(bobs, False)
    await shop.refunds.refunded(shop.id, "p1", 1, "r1", reason="a torn box")
    await shop.restock(sale, 1)
    await shop.close(sale)
    await shop.stop_giving(coupon)
    await shop.redis.hset(shop.key("reserved"), "bob", 1)
    step = "reserved:0:"
    await shop.redis.zadd(shop.key("announcing"), {step: 1})
    at = {"step": step, "next": "", "wait_ms": 0}
    told = {"why": "reserved", "users": ["bob"], "users_max": 10}
    await shop.run("follows.announce_step", **at, **told)
    await shop.redis.hset(shop.key("room"), "phase", "scheduled")
    await shop.redis.zrem(shop.key("announcing"), "signal:0")
    await shop.run("phases.set", phase="ended", cancel=True, reason="rain", by="h")
    await shop.run("follows.announce_step", **at, **told, cancelled=True)
    return await shop.ledger()


async def test_every_line_is_described_with_all_its_fields(shop: Shop) -> None:
    rows, seen = described(), set()
    for line in await all_kinds(shop):
        key = line["k"], line.get("what", "")
        fields = set(line) - EVERYWHERE
        assert fields <= set(rows[key]), (key, fields)
        assert {name for name, always in rows[key].items() if always} <= fields, (key, fields)
        seen.add(key)
    assert seen == set(rows) - {("draw", "")}  # tests/orders/test_draw.py has one


def test_the_fields_of_an_order_are_named() -> None:
    start = PAGE.index("An `order` has")
    named = set(re.findall(r"`(\w+)`", PAGE[start : PAGE.index("A `payment` has")]))
    assert set(Order.__struct_fields__) - named == set()
