"""What a room shows of its coupons while they are given out and used."""

from typing import Any

from server.access.auth import Identity
from server.features.coupons.messages import ClaimOk, CouponClaim, CouponClose, CouponOk, CouponOpen
from server.features.orders.messages import Buy, Cancel, OrderOk
from server.features.payments.messages import Pay
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.stock.messages import SaleOk
from server.protocol.roles import Role
from tests.replies import expect
from tests.rooms.rig import ROOM, Rig
from tests.rooms.views import shown

ANN = Identity("ann", "Ann", Role.VIEWER)
BOB = Identity("bob", "Bob", Role.VIEWER)
TEA = ProductInput(sku="tea", title="Tea", price=2000, currency="CNY")


async def opened(here: Rig, **terms: Any) -> str:
    cmd = CouponOpen(ref=1, title="C", quota=9, currency="CNY", **terms)
    coupon = expect(CouponOk, await here.do(cmd)).coupon
    return coupon.coupon


async def claimed(here: Rig, coupon: str, who: Identity) -> str:
    claim = expect(ClaimOk, await here.do(CouponClaim(ref=1, coupon=coupon, key="k"), who)).claim
    return claim.claim


async def bought(here: Rig, claim: str, who: Identity) -> str:
    await here.do(ShelfPut(ref=1, product=TEA))
    terms = SaleOpen(ref=1, sku="tea", price=2000, stock=9, per_user=9, hold_s=60)
    sale = expect(SaleOk, await here.do(terms)).sale
    order = expect(
        OrderOk, await here.do(Buy(ref=1, key="b", sale=sale.sale, claim=claim), who)
    ).order
    return order.order


async def shown_alike(here: Rig, there: Rig) -> None:
    """What two workers folded of the events is what somebody new would be shown."""
    fresh = shown(await here.directory.read(ROOM)).coupons
    for worker in (here, there):
        await worker.heard_all()
        assert shown(worker.room.state.view()).coupons == fresh


async def test_a_room_folded_from_events_shows_what_a_fresh_one_does(here: Rig, there: Rig) -> None:
    await here.join("ann")
    await there.join("bob")
    first, second = await opened(here, percent=10), await opened(here, amount=5, floor=6)
    await shown_alike(here, there)
    anns, bobs = await claimed(here, first, ANN), await claimed(there, second, BOB)
    await shown_alike(here, there)
    paid, cancelled = await bought(here, anns, ANN), await bought(there, bobs, BOB)
    await shown_alike(here, there)
    await there.do(CouponClose(ref=1, coupon=first))
    await here.do(Pay(ref=1, order=paid), ANN)
    await there.do(Cancel(ref=1, order=cancelled), BOB)
    await shown_alike(here, there)
    coupons = shown(here.room.state.view()).coupons
    assert [(it.status, it.claimed, it.used) for it in coupons] == [
        ("closed", 1, 1),
        ("open", 1, 0),
    ]


async def test_a_claim_is_told_to_its_owner_alone_and_counted_for_all(
    here: Rig, there: Rig
) -> None:
    ann, bob = await here.join("ann"), await there.join("bob")
    coupon = await opened(here, percent=10)
    claim = await claimed(there, coupon, ANN)

    heard = await ann.until(lambda event: event["t"] == "claim")
    await bob.until(lambda event: event["t"] == "claims" and event["claimed"] == 1)

    told = [event["claim"] for event in heard if event["t"] == "claim"]
    assert [(it["claim"], it["user"]) for it in told] == [(claim, "ann")]
    assert not [event for event in bob.heard if event["t"] == "claim"]
