"""Goods and their variants: written, changed under a condition, withdrawn, found; their units."""

import asyncio

from tests.merchants.stall import GOODS, SHIRT, STOCK, Stall

ONE = f"{GOODS}/shirt"


async def test_goods_are_written_read_changed_and_withdrawn(stall: Stall) -> None:
    made = await stall.got(200, "PUT", ONE, SHIRT)
    assert (made["version"], made["state"], made["tags"]) == (1, "active", ["linen", "summer"])
    assert [v["units"]["stock"] for v in made["variants"]] == [5, 0]
    assert await stall.got(200, "GET", ONE) == made
    assert await stall.got(200, "PUT", ONE, SHIRT) == made, "the same again is no change"
    fewer = SHIRT | {"title": "Shirt", "variants": SHIRT["variants"][1:]}
    changed = await stall.got(200, "PUT", ONE, fewer)
    assert (changed["version"], changed["title"]) == (2, "Shirt")
    assert [v["sku"] for v in changed["variants"]] == ["shirt-l"]
    await stall.got(204, "DELETE", ONE)
    await stall.got(204, "DELETE", ONE)
    gone = await stall.got(200, "GET", ONE)
    assert (gone["state"], gone["version"]) == ("withdrawn", 3)
    await stall.refused(404, "not_found", "GET", f"{GOODS}/hat")
    await stall.refused(404, "not_found", "DELETE", f"{GOODS}/hat")


async def test_a_change_of_an_older_version_is_a_conflict_and_changes_nothing(stall: Stall) -> None:
    await stall.got(200, "PUT", ONE, SHIRT | {"version": 0})
    await stall.refused(409, "conflict", "PUT", ONE, SHIRT | {"version": 0})
    newer = SHIRT | {"title": "Newer"}
    await stall.got(200, "PUT", ONE, newer, headers={"If-Match": '"1"'})
    for condition in ({"If-Match": '"1"'}, {"If-Match": '"7"'}):
        await stall.refused(409, "conflict", "PUT", ONE, SHIRT, headers=dict(condition))
        await stall.refused(409, "conflict", "DELETE", ONE, headers=dict(condition))
    await stall.refused(400, "bad_message", "PUT", ONE, SHIRT, headers={"If-Match": "old"})
    await stall.refused(
        400, "bad_message", "PUT", ONE, SHIRT | {"version": 1}, headers={"If-Match": '"2"'}
    )
    found = await stall.got(200, "GET", ONE)
    assert (found["title"], found["version"]) == ("Newer", 2)


async def test_of_two_changes_of_one_version_at_once_one_is_made(stall: Stall) -> None:
    await stall.got(200, "PUT", ONE, SHIRT)
    answers = await asyncio.gather(
        *(stall.send("PUT", ONE, SHIRT | {"title": f"T{n}", "version": 1}) for n in range(6))
    )
    assert sorted(status for status, _ in answers) == [200, *[409] * 5]
    assert (await stall.got(200, "GET", ONE))["version"] == 2


async def test_a_sku_belongs_to_one_goods(stall: Stall) -> None:
    await stall.got(200, "PUT", ONE, SHIRT)
    said = await stall.refused(409, "conflict", "PUT", f"{GOODS}/coat", SHIRT)
    assert "`shirt-m` belongs to the goods `shirt`" in said
    twice = SHIRT | {"variants": [SHIRT["variants"][0]] * 2}
    assert "shirt-m" in await stall.refused(400, "bad_message", "PUT", f"{GOODS}/coat", twice)
    await stall.refused(404, "not_found", "GET", f"{GOODS}/coat")


async def test_a_list_goes_on_by_cursor_and_finds_by_text_tag_and_state(stall: Stall) -> None:
    for n in range(5):
        variant = {"sku": f"k{n}", "price": n, "currency": "CNY"}
        body = {"title": f"Kettle 茶壶 {n}", "variants": [variant], "tags": [f"t{n % 2}", "100%"]}
        await stall.got(200, "PUT", f"{GOODS}/k{n}", body)
    await stall.got(204, "DELETE", f"{GOODS}/k4")

    async def ids(query: str) -> list[str]:
        page = await stall.got(200, "GET", f"{GOODS}?{query}")
        return sorted(each["goods"] for each in page["goods"])

    assert await ids("q=KETTLE") == ["k0", "k1", "k2", "k3", "k4"]
    assert await ids("q=茶壶%203") == ["k3"]
    assert await ids("q=k%25") == []
    assert await ids("tag=t1") == ["k1", "k3"]
    assert await ids("tag=100%25") == ["k0", "k1", "k2", "k3", "k4"]
    assert await ids("tag=t") == []
    assert await ids("state=withdrawn") == ["k4"]
    assert await ids("state=active&tag=t0") == ["k0", "k2"]
    seen, cursor = [], ""
    while True:
        page = await stall.got(200, "GET", f"{GOODS}?limit=2&cursor={cursor}")
        seen += [each["goods"] for each in page["goods"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert sorted(seen) == ["k0", "k1", "k2", "k3", "k4"]
    assert seen[0] == "k4", "the last changed first"


async def test_units_change_once_a_key_and_never_below_what_is_granted(stall: Stall) -> None:
    await stall.got(200, "PUT", ONE, SHIRT)
    path = STOCK.format("shirt-m")
    whole = {"received": 12, "stock": 12, "allotted": 0, "sold": 0, "returned": 0}
    for _ in range(2):
        assert await stall.got(200, "POST", path, {"key": "a", "add": 7}) == whole
    await stall.got(200, "POST", path, {"key": "b", "set": 3})
    assert await stall.units("shirt-m") == (3, 3)
    await stall.refused(422, "key_reused", "POST", path, {"key": "a", "add": 8})
    await stall.refused(422, "key_reused", "POST", STOCK.format("shirt-l"), {"key": "a", "add": 7})
    said = await stall.refused(409, "conflict", "POST", path, {"key": "c", "add": -4})
    assert "3 units are free" in said
    await stall.refused(409, "limit_reached", "POST", path, {"key": "c", "add": 1_000_000})
    await stall.refused(400, "bad_message", "POST", path, {"key": "c"})
    await stall.refused(400, "bad_message", "POST", path, {"key": "c", "add": 1, "set": 1})
    await stall.refused(404, "not_found", "POST", STOCK.format("hat"), {"key": "c", "add": 1})
    assert await stall.units("shirt-m") == (3, 3)
    changes = ({"key": f"k{n}", "add": 1} for n in range(8))
    await asyncio.gather(*(stall.got(200, "POST", path, body) for body in changes))
    assert await stall.units("shirt-m") == (11, 11)
