"""docs/outbox.md describes every line that a ledger has, with all its fields."""

import re
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct, inspect

from server.features.orders.messages import Order
from server.house import HOUSE
from server.protocol.codes import CommandError
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
    standing = await shop.open_standing(stock=1)
    await shop.close(await shop.open(stock=1, base=standing.sale))
    await shop.price(standing, 1)
    with pytest.raises(CommandError):
        await shop.buy("cat", standing, 2)
    await shop.buy("cat", standing)
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
    others = {row for row in rows if row[0] in ("auction", "bid")}  # in test_auctions.py
    assert seen == set(rows) - {("draw", "")} - others  # tests/orders/test_draw.py has one


def kinds_of(found: inspect.Type) -> set[str]:
    """What a value of a type may be when it is packed."""
    if isinstance(found, inspect.UnionType):
        return set().union(*map(kinds_of, found.types))
    if isinstance(found, inspect.LiteralType):
        return {type(value).__name__ for value in found.values}
    if isinstance(found, inspect.StructType):
        return {"dict"}
    return {type(found).__name__.removesuffix("Type").lower()}


def readers() -> dict[str, type[Struct]]:
    """The structs by which projections read the lines of all features, by their modules."""
    found = {}
    for name, module in list(sys.modules.items()):
        decoder = getattr(module, "_LINES", None)
        if name.startswith("server.features.") and isinstance(decoder, msgspec.msgpack.Decoder):
            [of] = get_args(decoder.type)
            if isinstance(of, type) and issubclass(of, Struct):
                found[name] = of
    return found


def test_what_one_feature_writes_never_hides_lines_from_the_readers_of_others() -> None:
    """A field of one name is of one type: an entry of which one line can't be read is lost."""
    assert len(readers()) >= 5
    for line in set(HOUSE.lines.types.values()):
        written = {field.name: kinds_of(field.type) for field in fields_of(line)}
        for name, reader in readers().items():
            for field in fields_of(reader):
                if (read := kinds_of(field.type)).isdisjoint({"raw", "any"}):
                    strange = written.get(field.name, set()) - read - {"none"}  # nil is not packed
                    assert not strange, (line, name, field.name)


def fields_of(struct: type[Struct]) -> tuple[inspect.Field, ...]:
    found = inspect.type_info(struct)
    assert isinstance(found, inspect.StructType)
    return found.fields


def test_the_fields_of_an_order_are_named() -> None:
    start = PAGE.index("An `order` has")
    named = set(re.findall(r"`(\w+)`", PAGE[start : PAGE.index("A `payment` has")]))
    assert set(Order.__struct_fields__) - named == set()
