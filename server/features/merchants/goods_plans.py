"""Plans: what writing goods would change, and whether it may. Pure: asks and writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET, structs

from server.features.merchants.goods import (
    BadGoods,
    Goods,
    GoodsInput,
    Stock,
    VariantInput,
)
from server.features.merchants.units import STOCK_MAX
from server.features.shelf.messages import Proof, ProofInput
from server.protocol.codes import CommandError


class Known(NamedTuple):
    """What the records have of the goods that are to be written."""

    goods: Mapping[str, Goods]
    owner: Mapping[str, str]
    """sku -> the goods it is a variant of."""
    units: Mapping[str, Stock]
    """sku -> its units; also of skus that are no variants any longer."""
    noted: Mapping[str, str]
    """sku -> what was asked of its stock with the key of this import."""


class StockAdd(NamedTuple):
    """A change of the free units of a sku, as STOCK_CHANGES keeps it."""

    sku: str
    key: str
    asked: str
    add: int
    received: int
    stock: int


class GoodsPlan(NamedTuple):
    """The steps that make goods as they are given."""

    given: GoodsInput
    version: int
    is_new: bool
    is_changed: bool
    gone: Sequence[str]
    """The skus that are no variants of the goods any longer."""
    adds: Sequence[StockAdd]
    kept: int
    """Variants whose given `stock` is not what they have, and is left alone."""

    @property
    def outcome(self) -> str:
        """`created`, `changed` or `unchanged`."""
        if self.is_new:
            return "created"
        return "changed" if self.is_changed or any(each.add for each in self.adds) else "unchanged"


def plan_goods(
    given: GoodsInput, known: Known, count: int, goods_max: int, stock_key: str
) -> GoodsPlan:
    """Plan how the goods are written. `count` is how many the merchant has. Raises BadGoods."""
    old = known.goods.get(given.goods)
    _must_fit(given, old, known, count, goods_max)
    gone = [] if old is None else _gone(given, old)
    is_changed = old is None or as_given(old) != _without_stock(given)
    version = 1 if old is None else old.version + is_changed
    adds = list(_adds(given, old, known, version, stock_key))
    adds += [_dropped(given.goods, sku, known, version) for sku in gone]
    moved = {each.sku for each in adds} | known.noted.keys()
    kept = sum(
        variant.stock is not None
        and variant.sku not in moved
        and variant.stock != known.units.get(variant.sku, Stock()).stock
        for variant in given.variants
    )
    return GoodsPlan(given, version, old is None, is_changed, gone, adds, kept)


def must_have(version: int | None, now: int) -> None:
    """Refuse a change of goods that have another version. Raises CommandError `conflict`."""
    if version is not None and version != now:
        raise CommandError(
            "conflict",
            f"The goods have version {now} now, and not {version}: read them again, then change "
            "them.",
        )


def sent_again(given: GoodsInput, known: Known) -> GoodsInput:
    """Return goods of a file as they are judged: those that are there as given need no version.

    A file may be sent in again, though what was taken of it has got another version by that.
    """
    old = known.goods.get(given.goods)
    is_there = old is not None and as_given(old) == _without_stock(given)
    return structs.replace(given, version=UNSET) if is_there else given


def as_given(goods: Goods) -> GoodsInput:
    """Goods as they would be written to be what they are, without stock and version."""
    return GoodsInput(
        goods=goods.goods, title=goods.title, state=goods.state, tags=goods.tags,
        description=goods.description, image=goods.image, url=goods.url, points=goods.points,
        flaws=goods.flaws, proofs=tuple(map(_as_given_proof, goods.proofs)),
        variants=[
            VariantInput(
                sku=each.sku, price=each.price, currency=each.currency, options=each.options,
                image=each.image, weight=each.weight,
            )
            for each in goods.variants
        ],
    )  # fmt: skip


def _must_fit(
    given: GoodsInput, old: Goods | None, known: Known, count: int, goods_max: int
) -> None:
    if isinstance(given.version, int):
        try:
            must_have(given.version, 0 if old is None else old.version)
        except CommandError as error:
            raise BadGoods("version", error.msg, error.code) from None
    if old is None and count >= goods_max:
        raise BadGoods("goods", f"A merchant has at most {goods_max} goods here.", "limit_reached")
    for nth, variant in enumerate(given.variants):
        owner = known.owner.get(variant.sku, given.goods)
        if owner != given.goods:
            raise BadGoods(
                "sku", f"The sku `{variant.sku}` belongs to the goods `{owner}`; give another.",
                "conflict", nth,
            )  # fmt: skip
    for sku in [] if old is None else _gone(given, old):
        if granted := known.units.get(sku, Stock()).allotted:
            raise BadGoods(
                "sku", f"The variant `{sku}` can't be left out: {granted} of its units are granted "
                "to hosts. Take these back first.", "conflict",
            )  # fmt: skip


def _gone(given: GoodsInput, old: Goods) -> list[str]:
    skus = {variant.sku for variant in given.variants}
    return [variant.sku for variant in old.variants if variant.sku not in skus]


def _adds(
    given: GoodsInput, old: Goods | None, known: Known, version: int, stock_key: str
) -> Iterator[StockAdd]:
    """The changes of stock: of new variants, and of all with the key of an import."""
    there = set() if old is None else {variant.sku for variant in old.variants}
    for nth, variant in enumerate(given.variants):
        units = known.units.get(variant.sku, Stock())
        wanted = variant.stock
        if variant.sku not in there:
            key, asked = f"/put/{given.goods}/{version}", "new"
            yield _add(variant.sku, key, asked, units, (wanted or 0) - units.stock)
        elif stock_key and wanted is not None:
            asked = f"set {wanted}"
            noted = known.noted.get(variant.sku)
            if noted is None:
                yield _add(variant.sku, stock_key, asked, units, wanted - units.stock)
            elif noted != asked:
                raise BadGoods(
                    "stock", f"With the key `{stock_key}` the stock was set to another number "
                    "already; use a new key.", "key_reused", nth,
                )  # fmt: skip


def _dropped(goods: str, sku: str, known: Known, version: int) -> StockAdd:
    units = known.units.get(sku, Stock())
    return _add(sku, f"/drop/{goods}/{version}", "dropped", units, -units.stock)


def _add(sku: str, key: str, asked: str, units: Stock, add: int) -> StockAdd:
    stock = units.stock + add
    assert 0 <= stock <= STOCK_MAX, "a given stock has these bounds"
    return StockAdd(sku, key, asked, add, units.received + add, stock)


def _without_stock(given: GoodsInput) -> GoodsInput:
    variants = [structs.replace(each, stock=None) for each in given.variants]
    return structs.replace(given, variants=variants, version=UNSET)


def _as_given_proof(proof: Proof) -> ProofInput:
    return ProofInput(proof.label, proof.number, proof.url)
