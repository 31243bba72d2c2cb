"""Puts picks on the shelves of rooms, and keeps them up with the merchants' goods."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct, structs, to_builtins

from server.features.merchants.catalogue import Catalogue
from server.features.merchants.goods import Goods, Variant
from server.features.offers.messages import PickOk, ShelfPick
from server.features.offers.offers import WHOLE
from server.features.offers.picks import OwnPick, Pick, Picks
from server.features.shelf.messages import Product
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.features.shelf.shelf import Renewed, Shelf
from server.features.terms.messages import Picked, Terms
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.records.errors import RecordsAway, RecordsUnusable
from server.rooms.call import Call, Handler, Handlers
from server.rooms.directory import Directory
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore

POINTS_MAX = 10
TITLE_CHARS_MAX = 200
"""Bounds of a product, see `shelf.messages`."""
RETRY_MS = 1000

_PICKED = msgspec.msgpack.Decoder(Picked)
_TERMS = msgspec.msgpack.Decoder(Terms)


class _Put(Struct):
    skus: list[str]


_PUT = msgspec.msgpack.Decoder(_Put)


class ShownPick(Struct, frozen=True, kw_only=True):
    """The goods of a pick on a room's shelf: the `skus` there, and the terms of their sales.

    They were made of the `version` of the goods; `newest` is the merchant's newest. `over`: why
    they can't be put there again; what is there goes on being sold on its terms.
    """

    pick: str
    merchant: str
    goods: str
    title: str
    skus: list[str]
    version: int
    newest: int
    terms: Terms
    over: str


class LeftOut(Struct, frozen=True):
    """A product that the shelf of an earlier room had and this one did not take over, and why."""

    sku: str
    title: str
    why: str


class RoomPicks(Struct, frozen=True):
    """What of a room's shelf was picked, and what was left out when it was taken over."""

    picks: list[ShownPick]
    left_out: list[LeftOut]


class Shelving:
    """Puts picks on shelves. Methods raise CommandError, `unavailable` while the records are."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        directory: Directory,
        picks: Picks,
        catalogue: Catalogue,
        shelf: Shelf,
    ) -> None:
        self._store = store
        self._shelf_limits = settings.section(ShelfSettings)
        self._price_max = settings.section(PriceSettings).price_max
        self._events_max = settings.rooms.event_stream_len_max
        self._directory = directory
        self._picks = picks
        self._catalogue = catalogue
        self._shelf = shelf

    def handlers(self) -> Handlers:
        """The command of a host."""
        return {ShelfPick: Handler(self.put, Role.HOST)}

    async def put(self, call: Call, cmd: ShelfPick) -> Ok:
        """Put the goods of a pick on the shelf, or renew them there."""
        host = await self._directory.host_of(call.room_id)
        try:
            pick = await self._picks.one(host, cmd.pick)
            [own] = (await self._picks.of_ids(host, [pick.pick])).values()
            if own.over:
                raise CommandError("conflict", own.over)
            goods = await self._catalogue.one(pick.merchant, pick.goods)
        except (RecordsAway, RecordsUnusable) as away:
            raise _unavailable() from away
        products = [product_of(goods, each) for each in _meant(goods, cmd.skus)]
        self._must_fit(products)
        args = {
            "products": to_builtins(products),
            "terms": {each.sku: to_builtins(pick.terms) for each in products},
            "picked": {each.sku: to_builtins(picked_of(pick, goods, each)) for each in products},
            "merchant": pick.merchant,
            "goods": pick.goods,
            "skus": [sku_of(goods.merchant, each.sku) for each in goods.variants],
            "products_max": self._shelf_limits.shelf_products_max,
            "bytes_max": self._shelf_limits.shelf_bytes_max,
            "points_max": POINTS_MAX,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        done = await self._store.run_script("offers.pick", call.room_id, args, _PUT)
        if self._shelf.heed is not None:
            await self._shelf.heed(call.room_id)
        return PickOk(ref=cmd.ref, skus=done.skus)

    async def of_room(self, room_id: str) -> RoomPicks:
        """Return what of a room's shelf was picked. Raises RecordsAway too."""
        host = await self._directory.host_of(room_id)
        picked = await self._picked(room_id)
        key = self._store.keys.room(room_id, "terms")
        raw = await asked(self._store.redis.hgetall(key))
        terms = {sku.decode(): _TERMS.decode(packed) for sku, packed in raw.items()}
        shown = {sku: each for sku, each in picked.items() if not each.why}
        own = await self._picks.of_ids(host, sorted({each.pick for each in shown.values()}))
        left = [LeftOut(sku, each.title, each.why) for sku, each in picked.items() if each.why]
        return RoomPicks(list(_shown(shown, terms, own)), left)

    async def renew(self, host: str, earlier: str, products: Sequence[Product]) -> Renewed:
        """The products of an earlier shelf as the host can sell them now.

        The host's own stay as they are. Those of merchants become the newest version, on the terms
        of the pick as it is now; one that can't be sold any more is left out, which is told.
        """
        if not any(each.merchant for each in products):
            return Renewed(products, {})
        picked = await self._picked(earlier)
        try:
            own = await self._picks.of_ids(host, sorted({each.pick for each in picked.values()}))
            names = {(each.merchant, each.goods) for each in products if each.merchant}
            goods = await self._catalogue.several(names)
        except (RecordsAway, RecordsUnusable) as away:
            raise _unavailable() from away
        return _renewed(products, picked, own, goods)

    async def _picked(self, room_id: str) -> dict[str, Picked]:
        key = self._store.keys.room(room_id, "picked")
        raw = await asked(self._store.redis.hgetall(key))
        return {sku.decode(): _PICKED.decode(packed) for sku, packed in sorted(raw.items())}

    def _must_fit(self, products: Sequence[Product]) -> None:
        for product in products:
            if product.price > self._price_max:
                raise CommandError(
                    "limit_reached",
                    f"The price of `{product.sku}` is {product.price}, and can be at most "
                    f"{self._price_max} here.",
                )


def sku_of(merchant: str, sku: str) -> str:
    """The sku in a room of a merchant's variant."""
    return f"{merchant}:{sku}"


def product_of(goods: Goods, variant: Variant) -> Product:
    """A variant as it stands on a shelf."""
    return Product(
        sku=sku_of(goods.merchant, variant.sku),
        title=_title(goods, variant),
        price=variant.price,
        currency=variant.currency,
        image=variant.image or goods.image,
        url=goods.url,
        points=goods.points,
        flaws=goods.flaws,
        proofs=goods.proofs,
        merchant=goods.merchant,
        goods=goods.goods,
        options=variant.options,
    )


def _title(goods: Goods, variant: Variant) -> str:
    """The title with the options: orders and parcels name a line by its title alone."""
    options = "".join(f" · {value}" for value in variant.options.values())[: TITLE_CHARS_MAX // 2]
    return goods.title[: TITLE_CHARS_MAX - len(options)] + options


def picked_of(pick: Pick, goods: Goods, product: Product) -> Picked:
    """Return what is noted of a product that a pick puts on a shelf."""
    lowest = -(-product.price * (WHOLE - pick.discount) // WHOLE)
    return Picked(
        pick=pick.pick, merchant=goods.merchant, goods=goods.goods, version=goods.version,
        title=goods.title, lowest=lowest, points=goods.points,
    )  # fmt: skip


def _meant(goods: Goods, skus: Collection[str] | None) -> list[Variant]:
    meant = [each for each in goods.variants if skus is None or each.sku in skus]
    if skus is not None and len(meant) < len(set(skus)):
        unknown = min(set(skus) - {each.sku for each in meant})
        raise CommandError("not_found", f"`{goods.goods}` has no variant `{unknown}`.")
    return meant


def _shown(
    picked: Mapping[str, Picked], terms: Mapping[str, Terms], own: Mapping[str, OwnPick]
) -> Iterator[ShownPick]:
    by_pick: dict[tuple[str, str], list[str]] = {}
    for sku, each in picked.items():
        by_pick.setdefault((each.pick, each.goods), []).append(sku)
    for (pick, _), skus in by_pick.items():
        first, known = picked[skus[0]], own.get(pick)
        yield ShownPick(
            pick=pick,
            merchant=first.merchant,
            goods=first.goods,
            title=first.title,
            skus=skus,
            version=min(picked[sku].version for sku in skus),
            newest=known.goods_version if known else first.version,
            terms=terms.get(skus[0]) or Terms(first.merchant, first.goods),
            over=known.over if known else "You dropped this pick.",
        )


def _renewed(
    products: Sequence[Product],
    picked: Mapping[str, Picked],
    own: Mapping[str, OwnPick],
    goods: Mapping[tuple[str, str], Goods],
) -> Renewed:
    kept: list[Product] = []
    terms: dict[str, Terms] = {}
    noted: dict[str, Picked] = {}
    for product in products:
        if not product.merchant:
            kept.append(product)
            continue
        before = picked.get(product.sku)
        pick = own.get(before.pick) if before else None
        newest = goods.get((product.merchant, product.goods))
        fresh = _fresh(product, before, newest)
        if before is None or pick is None or newest is None or fresh is None or pick.over:
            why = pick.over if pick and pick.over else "The merchant does not sell it any more."
            noted[product.sku] = _left_out(product, before, why)
            continue
        kept.append(fresh)
        terms[product.sku] = pick.pick.terms
        noted[product.sku] = picked_of(pick.pick, newest, fresh)
    return Renewed(kept, to_builtins({"terms": terms, "picked": noted}))


def _fresh(product: Product, before: Picked | None, newest: Goods | None) -> Product | None:
    """A product of its newest version, with what the host says of it; None: there is none."""
    for variant in newest.variants if newest else ():
        if newest and sku_of(newest.merchant, variant.sku) == product.sku:
            made = product_of(newest, variant)
            theirs = before.points if before else []
            own = [point for point in product.points if point not in theirs]
            points = [*made.points, *own][:POINTS_MAX]
            return structs.replace(made, points=points, replaces=product.replaces)
    return None


def _left_out(product: Product, before: Picked | None, why: str) -> Picked:
    return Picked(
        pick=before.pick if before else "", merchant=product.merchant, goods=product.goods,
        version=before.version if before else 0, title=product.title, why=why,
    )  # fmt: skip


def _unavailable() -> CommandError:
    return CommandError(
        "unavailable",
        "The records, which have the merchants' goods, do not answer now; nothing was changed.",
        RETRY_MS,
    )
