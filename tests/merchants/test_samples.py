"""How goods did in others' rooms, and what is suggested of it: from orders in the records."""

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec import msgpack, to_builtins
from msgspec.structs import replace
from sqlalchemy import case, func, insert, select

from server.background.clock import unix_ms
from server.features.archive.archiver import Archiver
from server.features.archive.tables import ROOMS
from server.features.merchants.tables import GOODS, MERCHANTS, VARIANTS
from server.features.offers.projection import SoldProjection
from server.features.offers.samples import Sample, samples_of
from server.features.offers.suggestions import Suggestions
from server.features.offers.tables import BUYERS, OFFERS, PICKS, SOLD
from server.features.orders.messages import Line, Order
from server.features.purchases.projection import PurchaseProjection
from server.features.purchases.tables import LINES, PURCHASES
from server.features.terms.messages import Terms
from server.house import HOUSE, keys_under, store_on
from server.records.database import Database
from server.records.projection import Entry, Projection, RoomHead
from server.settings import Settings
from server.store.client import connect
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.orders.sharing import GRANTED
from tests.orders.shop import shop_on
from tests.records.test_purchases import trade

SHIRT = ("m1", "shirt")
_EMPTY = b"\x80"


def _changed(order: Order, was: str, now: Any, taken: list[Line], qty: int) -> dict[str, Any]:
    back = [{"sale": line.sale, "sku": line.sku, "qty": qty} for line in taken]
    more = {"taken": back} if back else {}
    return {"k": "order", "was": was, "order": to_builtins(replace(order, status=now))} | more


class Evening:
    """Ledgers of rooms."""

    def __init__(self) -> None:
        self.rooms: dict[RoomHead, list[dict[str, Any]]] = {}
        self._orders = itertools.count()

    def order(
        self, host: str, user: str, *goods: tuple[str, str], status: str = "paid", qty: int = 1,
        returned: int = 0, practice: bool = False,
    ) -> None:  # fmt: skip
        """One order, with a line for each of the goods; each line is held, then what it is."""
        lines = [
            Line("s", f"{merchant}:{each}-{n}", "T", qty, 100, 0, merchant, each)
            for n, (merchant, each) in enumerate(goods)
        ]
        order = Order(f"o{next(self._orders)}", "r", user, user, "held", lines, 1, "CNY", 1, 1, 1)
        life = ord(host[-1]) + 1000 * practice
        room = RoomHead(life, "r", 1, host, "stream", "T", "live", 0, 1, 0, practice)
        ledger = self.rooms.setdefault(room, [])
        ledger.append({"k": "order", "order": to_builtins(order)})
        was: Any = "held"
        for now in {"held": [], "returned": ["paid", "returned"]}.get(status, [status]):
            taken = lines if now == "returned" else []
            ledger.append(_changed(order, was, now, taken, qty))
            was = now
        if returned:
            ledger.append(_changed(order, was, was, lines, returned))

    async def write(self, records: Database) -> None:
        """Fold them, as the archive does."""
        projection = SoldProjection()
        async with records.writing() as connection:
            for room, lines in self.rooms.items():
                entries = [Entry(n, 0, msgpack.encode([line])) for n, line in enumerate(lines)]
                await projection.add(connection, room, "ledger", entries)


async def write_goods(records: Database, offered: Iterable[tuple[str, str, str]]) -> None:
    """Goods with these tags (merchant, goods, tags), each offered to all under its own name."""
    now = unix_ms()
    async with records.writing() as connection:
        for merchant in sorted({merchant for merchant, _, _ in offered}):
            await connection.execute(
                insert(MERCHANTS).values(
                    merchant=merchant, name=merchant, state="active", created=0, changed=0
                )
            )
        for merchant, goods, tags in offered:
            rest = {"state": "active", "created": 0, "changed": 0, "body": _EMPTY}
            one = {"merchant": merchant, "goods": goods}
            await connection.execute(
                insert(GOODS).values(**one, **rest, version=1, title=goods, tags=f" {tags} ")
            )
            await connection.execute(
                insert(VARIANTS).values(**one, sku=goods, n=0, price=9, currency="CNY", body=_EMPTY)
            )
            await connection.execute(
                insert(OFFERS).values(
                    **one, offer=goods, version=1, state="open", open_to="all", commission=1000,
                    discount=0, coupon="host", starts=0, ends=now + 10**8, note="", created=0,
                    changed=0,
                )
            )  # fmt: skip


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
def evening() -> Evening:
    return Evening()


async def test_a_sample_counts_the_orders_of_others_and_says_what_it_rests_on(
    records: Database, evening: Evening
) -> None:
    for n in range(8):
        evening.order("h2", f"u{n}", SHIRT, SHIRT, qty=2, returned=1 if n == 0 else 0)
    evening.order("h3", "u0", SHIRT, status="returned", qty=4)
    evening.order("h3", "u1", SHIRT, status="expired")
    evening.order("h3", "u2", SHIRT, status="held")
    evening.order("h3", "u3", SHIRT, practice=True)
    evening.order("h1", "u3", SHIRT)
    evening.order("h2", "u4", ("m2", "shirt"))
    await evening.write(records)

    async with records.reading() as connection:
        few = await samples_of(connection, [SHIRT, ("m1", "none")], 11, "h1")
        enough = await samples_of(connection, [SHIRT], 10, "h1")
        fewer = await samples_of(connection, [SHIRT], 9, "h1")
    counts = {"rooms": 2, "hosts": 2, "placed": 10, "orders": 9, "units": 36, "returned": 6}
    assert few == {SHIRT: Sample(**counts)}, "too few to tell"
    assert enough[SHIRT] == Sample(**counts, conversion=0.9)
    assert fewer[SHIRT] == Sample(**counts, conversion=0.9, return_rate=6 / 36)


async def test_a_host_is_suggested_what_their_buyers_bought_elsewhere_with_the_numbers(
    records: Database, evening: Evening
) -> None:
    shirt, hat, tea = ("m1", "shirt"), ("m1", "hat"), ("m2", "tea")
    await write_goods(
        records,
        [(*shirt, "linen summer"), (*hat, "sun summer"), (*tea, "green"), ("m3", "mug", "")],
    )
    for user in ("ann", "ben", "cai", "dan"):
        evening.order("h1", user, hat)
    evening.order("h2", "ann", shirt, qty=2, returned=1)
    evening.order("h2", "ben", shirt)
    evening.order("h2", "zoe", tea)
    await evening.write(records)

    found = (await Suggestions(records, 20).for_host("h1")).suggestions
    assert [each.offer.goods.goods for each in found] == ["hat", "shirt", "tea"], "no mug"
    shirts = found[1]
    first = {reason.part: reason.text for reason in shirts.reasons}
    assert first == {
        "audience": "2 of 4 buyers bought of this merchant in others' rooms.",
        "tags": "Goods sold or picked before share 1 of 2 tags: summer.",
        "sales": "4 orders of this merchant in the host's rooms, 0 of 4 units came back.",
        "elsewhere": "2 orders at 1 other host, 1 of 3 units came back.",
    }
    assert shirts.score == pytest.approx(sum(each.score for each in shirts.reasons))
    assert [reason.part for reason in found[2].reasons] == ["elsewhere"]


async def test_goods_are_suggested_hosts_who_have_not_picked_them(
    records: Database, evening: Evening
) -> None:
    shirt, hat = ("m1", "shirt"), ("m1", "hat")
    await write_goods(records, [(*shirt, "linen summer"), (*hat, "summer")])
    evening.order("h1", "ann", hat)
    evening.order("h2", "ann", ("m9", "pen"))
    evening.order("h2", "ben", ("m9", "pen"))
    evening.order("h3", "zoe", ("m9", "pen"))
    evening.order("h4", "ann", hat)
    await evening.write(records)
    async with records.writing() as connection:
        await connection.execute(
            insert(PICKS).values(
                pick="p", host="h4", merchant="m1", offer="shirt", version=1, goods="shirt",
                commission=1, fee=0, discount=0, coupon="host", ends=1, picked=1, dropped=0,
            )
        )  # fmt: skip
        await connection.execute(
            insert(ROOMS).values(
                room="r", made=1, host="h2", kind="stream", title="T", phase="ended", scheduled=0,
                started=1, ended=2, practice=False, host_name="Lin",
            )
        )  # fmt: skip

    found = (await Suggestions(records, 20).for_goods("m1", "shirt")).suggestions
    assert [(each.host, each.name) for each in found] == [("h1", "h1"), ("h2", "Lin")]
    assert {reason.part for reason in found[0].reasons} == {"audience", "tags", "sales"}
    [reason] = found[1].reasons
    assert reason.text == "1 of 2 buyers bought of this merchant in others' rooms."


async def test_what_is_folded_equals_the_orders_themselves(
    records: Database, records_settings: Settings
) -> None:
    """Counted a second time from the rows of purchases, after all that can become of an order."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_on(redis, keys_under(records_settings.redis.key_prefix))
    projections: list[Projection] = [PurchaseProjection(), SoldProjection()]
    for room in ("r1", "r2"):
        shop = shop_on(store, records_settings, room, GRANTED)
        await shop.build()
        for sku, merchant in (("tea", "m1"), ("wine", "m2")):
            terms = shop.packed(Terms(merchant, f"{sku}-goods", 1000))
            await redis.hset(shop.key("terms"), sku, terms)
        await trade(shop)
        two = await shop.pay(await shop.buy("ann", await shop.open(9), 2))
        await shop.take_back(two, returned={two.lines[0].sale: 1})
        archiver = Archiver(
            store, records, records_settings, "w1", HOUSE.streams, projections, Metrics()
        )
        while (await archiver.copy_all())[1]:
            pass
    await redis.aclose()

    paid = PURCHASES.c.paid > 0
    orders = func.count(case((paid, PURCHASES.c.order)).distinct())
    recounted = (
        select(
            LINES.c.life, LINES.c.merchant, LINES.c.goods, PURCHASES.c.host,
            func.count(PURCHASES.c.order.distinct()), orders,
            func.sum(case((paid, LINES.c.qty), else_=0)), func.sum(LINES.c.returned),
        )
        .join(PURCHASES, (PURCHASES.c.life == LINES.c.life) & (PURCHASES.c.order == LINES.c.order))
        .where(LINES.c.merchant != "", PURCHASES.c.status != "held")
        .group_by(LINES.c.life, LINES.c.merchant, LINES.c.goods, PURCHASES.c.host)
    )  # fmt: skip
    async with records.reading() as connection:
        found = (await connection.execute(select(SOLD))).all()
        expected = (await connection.execute(recounted)).all()
        users = await connection.scalars(select(BUYERS.c.user).distinct())
        assert set(users.all()) == {"ann", "ben"}
    assert {tuple(row) for row in found} == {tuple(row) for row in expected}
    assert sum(row.returned for row in found) == 2 * (3 + 1)
