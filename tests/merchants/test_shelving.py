"""Picks on the shelves of rooms: put, renewed, taken over; their terms in sales and orders."""

from typing import Any, cast

from server.protocol.roles import Role
from tests.merchants.stall import GOODS, HOST, OFFERS, PICKS, SHIRT, Stall
from tests.server.talk import talk

ROOM = "/v1/rooms/r1"
M, L = "m1:shirt-m", "m1:shirt-l"


async def put(stall: Stall, pick: Any, room: str = "r1", **body: Any) -> list[str]:
    path = f"/v1/rooms/{room}/picks/{pick['pick']}"
    skus: list[str] = (await stall.got(200, "PUT", path, body, **HOST))["skus"]
    return skus


async def picks(stall: Stall, room: str = "r1") -> Any:
    return await stall.got(200, "GET", f"/v1/rooms/{room}/picks", **HOST)


async def sell(stall: Stall, sku: str, price: int, room: str = "r1") -> dict[str, Any]:
    body = {"sku": sku, "price": price, "stock": 3, "per_user": 2, "hold_s": 60}
    sale: dict[str, Any] = await stall.got(201, "POST", f"/v1/rooms/{room}/sales", body, **HOST)
    return sale


def changed(**more: Any) -> dict[str, Any]:
    """The shirt as the merchant changes it: one more flaw, no size M, but XL."""
    *_, large = cast("list[Any]", SHIRT["variants"])
    xl = {"sku": "shirt-xl", "price": 22900, "currency": "CNY", "options": {"size": "XL"}}
    return SHIRT | {"flaws": ["creases", "runs small"], "variants": [large, xl]} | more


async def test_a_pick_puts_every_variant_on_the_shelf_and_everybody_hears_it(stall: Stall) -> None:
    await stall.offer(discount=1000)
    pick = await stall.pick()
    await stall.room()
    async with talk(stall.url, "r1") as ann:
        await ann.join(stall.token("ann", Role.VIEWER))
        assert await put(stall, pick) == [M, L]
        await ann.hear(lambda message: (message.get("put") or {}).get("sku") == L)
        told = [message["put"] for message in ann.messages if message["t"] == "shelf"]
    shelf = await stall.shelf()
    assert shelf == {each["sku"]: each for each in told}
    assert shelf[M] == {
        "sku": M, "title": "Linen shirt · M", "price": 19900, "currency": "CNY", "points": ["cool"],
        "flaws": ["creases"], "proofs": SHIRT["proofs"], "merchant": "m1", "goods": "shirt",
        "options": {"size": "M"},
    }  # fmt: skip
    assert shelf[L]["image"] == "https://img.example/l.jpg"
    [shown] = (await picks(stall))["picks"]
    assert (shown["skus"], shown["version"], shown["newest"], shown["over"]) == ([L, M], 1, 1, "")
    assert (shown["terms"]["merchant"], shown["terms"]["commission"]) == ("m1", 2000)

    said = await stall.refused(
        409, "conflict", "POST", f"{ROOM}/sales",
        {"sku": M, "price": 17909, "stock": 1, "per_user": 1, "hold_s": 60}, **HOST,
    )  # fmt: skip
    assert "17910" in said


async def test_clients_cannot_say_whose_goods_a_product_is(stall: Stall) -> None:
    await stall.room()
    mug = {"sku": "mug", "title": "Mug", "price": 1, "currency": "CNY"}
    said = await stall.refused(
        400, "bad_message", "PUT", f"{ROOM}/shelf/mug", mug | {"merchant": "m1"}, **HOST
    )
    assert "merchant" in said
    assert await stall.shelf() == {}

    blue = mug | {"goods": "shirt", "options": {"colour": "blue"}}
    await stall.got(200, "PUT", f"{ROOM}/shelf/mug", blue, **HOST)
    assert await stall.shelf() == {"mug": blue}, "it is nobody else's by having their name"


async def test_a_renewed_pick_brings_the_newest_version_and_keeps_the_hosts_points(
    stall: Stall,
) -> None:
    await stall.offer()
    pick = await stall.pick()
    await stall.room()
    await put(stall, pick)
    large = (await stall.shelf())[L]
    mine = {name: large[name] for name in large if name not in ("merchant", "goods", "options")}
    mine |= {"points": ["cool", "I wear it myself"]}
    assert (await stall.got(200, "PUT", f"{ROOM}/shelf/{L}", mine, **HOST))["merchant"] == "m1"
    cheaper = mine | {"price": 1}
    said = await stall.refused(403, "forbidden", "PUT", f"{ROOM}/shelf/{L}", cheaper, **HOST)
    assert "`price`" in said

    await stall.got(200, "PUT", f"{GOODS}/shirt", changed(points=["airy"]))
    [shown] = (await picks(stall))["picks"]
    assert (shown["version"], shown["newest"]) == (1, 2)
    assert (await stall.shelf())[L]["flaws"] == ["creases"], "only the host renews a shelf"

    assert await put(stall, pick) == [L, "m1:shirt-xl"]
    shelf = await stall.shelf()
    assert list(shelf) == [L, "m1:shirt-xl"], "a variant that is no more has left"
    assert shelf[L]["flaws"] == ["creases", "runs small"]
    assert shelf[L]["points"] == ["airy", "I wear it myself"]
    [shown] = (await picks(stall))["picks"]
    assert (shown["version"], shown["skus"]) == (2, [L, "m1:shirt-xl"])


async def test_a_pick_comes_to_a_shelf_whole_or_not_at_all(stall: Stall) -> None:
    await stall.offer()
    pick = await stall.pick()
    await stall.room()
    own = {"sku": L, "title": "My own", "price": 1, "currency": "CNY"}
    await stall.got(200, "PUT", f"{ROOM}/shelf/{L}", own, **HOST)
    path = f"{ROOM}/picks/{pick['pick']}"
    assert "of your own" in await stall.refused(409, "conflict", "PUT", path, {}, **HOST)
    assert await stall.shelf() == {L: own}
    assert await put(stall, pick, skus=["shirt-m"]) == [M, L], "the others are not touched"
    await stall.refused(404, "not_found", "PUT", path, {"skus": ["hat"]}, **HOST)
    await stall.got(204, "DELETE", f"{ROOM}/shelf/{M}", **HOST)
    assert (await picks(stall))["picks"] == []

    h2 = {"user": "h2", "role": Role.HOST}
    await stall.refused(403, "forbidden", "PUT", path, {}, **h2)
    await stall.got(201, "POST", "/v1/rooms", {"room": "r2", "title": "T"}, **h2)
    others = f"/v1/rooms/r2/picks/{pick['pick']}"
    await stall.refused(404, "not_found", "PUT", others, {}, **h2)
    await stall.got(204, "DELETE", f"{PICKS}/{pick['pick']}", **HOST)
    await stall.refused(404, "not_found", "PUT", path, {}, **HOST)


async def test_a_shelf_that_is_taken_over_is_renewed_and_told_what_was_left_out(
    stall: Stall,
) -> None:
    await stall.offer()
    pick = await stall.pick()
    hat = SHIRT | {"title": "Hat", "variants": [{"sku": "hat", "price": 5, "currency": "CNY"}]}
    await stall.got(200, "PUT", f"{GOODS}/hat", hat)
    offer = await stall.offer("hats", goods="hat")
    await stall.room()
    mug = {"sku": "mug", "title": "Mug", "price": 1, "currency": "CNY"}
    await put(stall, pick)
    await stall.got(200, "PUT", f"{ROOM}/shelf/mug", mug, **HOST)
    await put(stall, await stall.pick("hats"))

    await stall.got(200, "PUT", f"{GOODS}/shirt", changed())
    await stall.got(204, "DELETE", f"{GOODS}/hat")
    await stall.got(200, "PUT", f"{OFFERS}/o", {"goods": "shirt", "commission": 1,
                                                "ends": offer["ends"]})  # fmt: skip
    await stall.room("r2", shelf_from="r1")

    shelf = await stall.shelf("r2")
    assert list(shelf) == [L, "mug"]
    assert shelf[L]["flaws"] == ["creases", "runs small"]
    of_room = await picks(stall, "r2")
    [shown] = of_room["picks"]
    assert (shown["skus"], shown["version"], shown["terms"]["commission"]) == ([L], 2, 2000)
    assert {each["sku"]: each["why"] for each in of_room["left_out"]} == {
        "m1:hat": "The merchant has withdrawn these goods.",
        M: "The merchant does not sell it any more.",
    }
    await stall.got(204, "DELETE", f"{PICKS}/{pick['pick']}", **HOST)
    await stall.room("r3", shelf_from="r1")
    assert list(await stall.shelf("r3")) == ["mug"]
    assert {each["why"] for each in (await picks(stall, "r3"))["left_out"]} >= {
        "You dropped this pick."
    }
