"""The host picks a mug with two variants: it comes to the shelf, changes, and loses a variant."""

from typing import Any

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.merchants.goods import GoodsInput, VariantInput
from server.features.merchants.goods_changes import GoodsChanges
from server.features.merchants.merchants import MerchantBody
from server.features.offers.messages import ShelfPick
from server.features.offers.offers import OfferBody, Offers
from server.features.offers.picks import PickBody
from server.features.offers.settings import OfferSettings
from server.features.shelf.messages import Pin
from server.protocol.roles import Role
from tests.features.stage import Stage
from tests.rooms.rig import HOST

ACME = Identity("acme", "Acme", Role.MERCHANT)


def mug(*sizes: str, **more: Any) -> GoodsInput:
    variants = [
        VariantInput(sku=size, price=4900, currency="CNY", options={"size": size}) for size in sizes
    ]
    return GoodsInput(goods="mug", title="Stone mug", variants=variants, flaws=["heavy"], **more)


async def tell(stage: Stage) -> None:
    worker = stage.here.worker
    goods = GoodsChanges(worker.records, 10)
    offers = Offers(worker.records, OfferSettings(), 0)
    await worker.running["merchants"].it.merchants.put("acme", MerchantBody(name="Acme"))
    await goods.put("acme", mug("small", "large"), ACME)
    terms = OfferBody(goods="mug", commission=2000, ends=unix_ms() + 86_400_000)
    await offers.put("acme", "o", terms, ACME)
    pick = (await worker.running["offers"].it.make(HOST.user, PickBody("acme", "o"))).pick

    await stage.do(ShelfPick(ref=1, pick=pick))
    await stage.do(Pin(ref=1, sku="acme:small"))
    await goods.put("acme", mug("large", points=["keeps warm"]), ACME)
    await stage.do(ShelfPick(ref=1, pick=pick, skus=["large"]))
