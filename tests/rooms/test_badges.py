"""Comments carry what the server knows of their author: bought this, fan, member."""

from server.access.auth import Identity
from server.features.comments.messages import Comment
from server.features.follows.messages import Follow
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.returns.messages import OrderReturn
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Pin, ProductInput, ShelfPut
from server.features.stock.messages import SaleOk
from server.protocol.roles import Role
from tests.replies import expect
from tests.rooms.rig import HOST, Guest, Rig

ANN = Identity("ann", "Ann", Role.VIEWER)


async def said(rig: Rig, hears: Guest, text: str) -> list[str]:
    """The badges of a comment of Ann, as somebody else sees them."""
    await rig.do(Comment(ref=1, text=text), ANN)
    heard = await hears.until(lambda m: m.get("text") == text)
    [badges] = [m.get("badges", []) for m in heard if m.get("text") == text]
    return list(badges)


async def pin(rig: Rig, hears: Guest, sku: str) -> None:
    """Pin a product, and wait until the worker knows."""
    pins = len([m for m in hears.heard if m["t"] == "pin"])
    await rig.do(Pin(ref=1, sku=sku))
    await hears.until(lambda _: len([m for m in hears.heard if m["t"] == "pin"]) > pins)


async def test_a_comment_carries_what_its_author_is_here(here: Rig, there: Rig) -> None:
    for sku in ("tea", "mug"):
        product = ProductInput(sku=sku, title=sku, price=2000, currency="CNY")
        await here.do(ShelfPut(ref=1, product=product))
    sale = expect(
        SaleOk,
        await here.do(SaleOpen(ref=1, sku="tea", price=1000, stock=5, per_user=5, hold_s=60)),
    ).sale
    await here.groups.put(HOST, "h1", GroupBody("Tea people", "all"))
    ann, ben = await here.join("ann"), await here.join("ben")
    assert await said(here, ben, "hello") == []

    bought = Buy(ref=1, key="k", sale=sale.sale, qty=1)
    order = expect(OrderOk, await there.do(bought, ANN)).order
    await pin(here, ben, "tea")
    assert await said(here, ben, "I hold it") == []
    await there.do(Pay(ref=1, order=order.order), ANN)  # on another worker
    await ann.until(lambda m: m["t"] == "order" and m["order"]["status"] == "paid")
    assert await said(here, ben, "I have it") == ["bought"]
    await pin(here, ben, "mug")
    assert await said(here, ben, "not that one") == []

    await pin(here, ben, "tea")
    await here.do(Follow(ref=1), ANN)
    await here.do(GroupJoin(ref=1), ANN)
    assert await said(here, ben, "all of it") == ["bought", "fan", "member"]
    here.leave(ann)
    again, eve = await there.join("ann"), await there.join("eve")
    assert await said(there, eve, "elsewhere") == ["bought", "fan", "member"]
    shown = again.joined["room"]["comments"]
    assert shown[-1]["badges"] == ["bought", "fan", "member"]

    await there.do(Follow(ref=1, on=False), ANN)
    await here.do(OrderReturn(ref=1, order=order.order))
    await again.until(lambda m: m["t"] == "order" and m["order"]["status"] == "returned")
    assert await said(there, eve, "sent back") == ["member"]
