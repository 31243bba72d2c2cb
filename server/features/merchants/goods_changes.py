"""Changes goods: one by one or many at once, whole goods or nothing of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.merchants.catalogue import count_of, goods_in, no_goods
from server.features.merchants.goods import (
    BadGoods,
    Goods,
    GoodsInput,
    packed_rest,
    packed_variant,
    searched,
    spaced,
)
from server.features.merchants.goods_plans import (
    GoodsPlan,
    Known,
    must_have,
    plan_goods,
    sent_again,
)
from server.features.merchants.known_goods import known_goods
from server.features.merchants.merchants import locked_merchant
from server.features.merchants.tables import GOODS, STOCK_CHANGES, UNITS, VARIANTS
from server.records.database import Database
from server.records.upsert import insert_into

CHUNK_VARIANTS_MAX = 500
CHUNK_GOODS_MAX = 200
"""Written in one transaction: with SQLite every other writer waits for it."""


class Done(NamedTuple):
    """What became of goods: `created`, `changed` or `unchanged`; or why they were not taken.

    `kept` are the variants whose `stock` in the request is not what they have, and was left alone.
    """

    outcome: str = ""
    why: BadGoods | None = None
    kept: int = 0


class GoodsChanges:
    """Writes goods. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, goods_max: int) -> None:
        self._records = records
        self._goods_max = goods_max

    async def put(self, merchant: str, given: GoodsInput, who: Identity) -> Goods:
        """Write goods in the place of what they were, if they were there; return them.

        The `stock` of variants that are there already is left alone. Raises BadGoods.
        """
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant, who)
            known = await known_goods(connection, merchant, [given], "", locked=True)
            count = await count_of(connection, merchant)
            plan = plan_goods(given, known, count, self._goods_max, "")
            await _write(connection, merchant, [plan])
            return await goods_in(connection, merchant, given.goods)

    async def put_many(
        self, merchant: str, given: Sequence[GoodsInput], who: Identity, stock_key: str = ""
    ) -> list[Done]:
        """Write the goods that can be taken; say what became of each, in their order.

        No two have the same id or a sku in common. With `stock_key` the `stock` of variants that
        are there already is set too, once a key.
        """
        done: list[Done] = []
        for chunk in _chunks(given):
            async with self._records.writing() as connection:
                await locked_merchant(connection, merchant, who)
                known = await known_goods(connection, merchant, chunk, stock_key, locked=True)
                count = await count_of(connection, merchant)
                plans, outcomes = self._planned(chunk, known, count, stock_key)
                await _write(connection, merchant, plans)
            done += outcomes
        return done

    async def try_many(
        self, merchant: str, given: Sequence[GoodsInput], stock_key: str = ""
    ) -> list[Done]:
        """Say what `put_many` would do now, and write nothing."""
        done: list[Done] = []
        for chunk in _chunks(given):
            async with self._records.reading() as connection:
                known = await known_goods(connection, merchant, chunk, stock_key, locked=False)
                count = await count_of(connection, merchant)
            count += sum(each.outcome == "created" for each in done)
            done += self._planned(chunk, known, count, stock_key)[1]
        return done

    def _planned(
        self, chunk: Sequence[GoodsInput], known: Known, count: int, stock_key: str
    ) -> tuple[list[GoodsPlan], list[Done]]:
        plans: list[GoodsPlan] = []
        done: list[Done] = []
        for given in chunk:
            try:
                judged = sent_again(given, known)
                plan = plan_goods(judged, known, count, self._goods_max, stock_key)
            except BadGoods as why:
                done.append(Done(why=why))
                continue
            count += plan.is_new
            plans.append(plan)
            done.append(Done(plan.outcome, kept=plan.kept))
        return plans, done

    async def withdraw(self, merchant: str, goods: str, version: int | None) -> None:
        """Take goods out of what hosts can pick; if they are withdrawn already, nothing changes.

        Raises CommandError `not_found`, or `conflict` if they have another version than this one.
        """
        row_of = (GOODS.c.merchant == merchant, GOODS.c.goods == goods)
        async with self._records.writing() as connection:
            await locked_merchant(connection, merchant)
            asked = select(GOODS.c.version, GOODS.c.state).where(*row_of)
            row = (await connection.execute(asked)).first()
            if row is None:
                raise no_goods(goods)
            must_have(version, row.version)
            if row.state == "withdrawn":
                return
            changed = update(GOODS).where(*row_of).values(
                state="withdrawn", version=row.version + 1, changed=unix_ms()
            )  # fmt: skip
            await connection.execute(changed)


def _chunks(given: Sequence[GoodsInput]) -> Iterator[list[GoodsInput]]:
    chunk: list[GoodsInput] = []
    variants = 0
    for each in given:
        is_full = variants + len(each.variants) > CHUNK_VARIANTS_MAX
        if chunk and (is_full or len(chunk) == CHUNK_GOODS_MAX):
            yield chunk
            chunk, variants = [], 0
        chunk.append(each)
        variants += len(each.variants)
    if chunk:
        yield chunk


async def _write(connection: AsyncConnection, merchant: str, plans: Sequence[GoodsPlan]) -> None:
    """Write what the plans say, each table in one go."""
    now = unix_ms()
    changed = [plan for plan in plans if plan.is_changed]
    await _write_goods(connection, merchant, changed, now)
    await _write_variants(connection, merchant, changed)
    adds = [add for plan in plans for add in plan.adds]
    if not adds:
        return
    units = [
        {
            "merchant": merchant, "sku": add.sku, "received": add.received, "stock": add.stock,
            "allotted": 0, "sold": 0, "returned": 0,
        }
        for add in adds
    ]  # fmt: skip
    made = insert_into(connection, UNITS)
    taken = {"received": made.excluded.received, "stock": made.excluded.stock}
    await connection.execute(
        made.on_conflict_do_update(index_elements=["merchant", "sku"], set_=taken), units
    )
    noted = [{"merchant": merchant, "at": now, **add._asdict()} for add in adds]
    await connection.execute(insert(STOCK_CHANGES), noted)


async def _write_goods(
    connection: AsyncConnection, merchant: str, plans: Sequence[GoodsPlan], now: int
) -> None:
    rows = [
        {
            "merchant": merchant, "goods": plan.given.goods, "version": plan.version,
            "state": plan.given.state, "title": plan.given.title, "tags": spaced(plan.given.tags),
            "body": packed_rest(plan.given), "folded": searched(plan.given), "created": now,
            "changed": now,
        }
        for plan in plans
    ]  # fmt: skip
    if not rows:
        return
    made = insert_into(connection, GOODS)
    taken = {
        name: made.excluded[name]
        for name in ("version", "state", "title", "tags", "body", "folded", "changed")
    }
    await connection.execute(
        made.on_conflict_do_update(index_elements=["merchant", "goods"], set_=taken), rows
    )


async def _write_variants(
    connection: AsyncConnection, merchant: str, plans: Sequence[GoodsPlan]
) -> None:
    gone = [sku for plan in plans for sku in plan.gone]
    if gone:
        of_merchant = VARIANTS.c.merchant == merchant
        await connection.execute(delete(VARIANTS).where(of_merchant, VARIANTS.c.sku.in_(gone)))
    rows = [
        {
            "merchant": merchant, "sku": variant.sku, "goods": plan.given.goods, "n": n,
            "price": variant.price, "currency": variant.currency, "body": packed_variant(variant),
        }
        for plan in plans
        for n, variant in enumerate(plan.given.variants)
    ]  # fmt: skip
    if not rows:
        return
    made = insert_into(connection, VARIANTS)
    taken = {name: made.excluded[name] for name in ("n", "price", "currency", "body")}
    await connection.execute(
        made.on_conflict_do_update(index_elements=["merchant", "sku"], set_=taken), rows
    )
