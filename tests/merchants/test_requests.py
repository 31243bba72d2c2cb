"""What hosts and merchants ask each other: answered, withdrawn, bounded; who is let in by it."""

from typing import Any

from server.background.clock import unix_ms
from server.features.offers.picks import forget_host
from server.features.offers.requests import OldRequests, forget_requests
from server.protocol.roles import Role
from server.records.database import Database
from server.records.forgotten import pseudonym_of
from tests.merchants.stall import HOST, HOST_REQUESTS, M1_REQUESTS, PICKS, Stall

FOUND = "/v1/hosts/h1/offers"
WISH = {"merchant": "m1", "offer": "o"}
INVITE = {"host": "h1", "offer": "o", "text": "Your viewers\u200b would like it."}


async def the_offer(stall: Stall) -> Any:
    [offer] = (await stall.got(200, "GET", FOUND, **HOST))["offers"]
    return offer


async def test_a_host_who_asks_is_let_in_when_the_merchant_accepts(stall: Stall) -> None:
    await stall.offer(open_to="invited", note="secret")
    seen = await the_offer(stall)
    assert (seen["admitted"], seen["commission"], seen["coupon"], seen["note"]) == (
        False, None, None, "",
    )  # fmt: skip
    assert (await stall.got(200, "GET", f"{FOUND}?commission=1", **HOST))["offers"] == []
    assert "by invitation" in await stall.refused(403, "forbidden", "POST", PICKS, WISH, **HOST)

    asked = await stall.got(200, "POST", HOST_REQUESTS, WISH | {"text": "Please."}, **HOST)
    assert (asked["status"], asked["goods"], asked["text"]) == ("asked", "shirt", "Please.")
    assert await stall.got(200, "POST", HOST_REQUESTS, WISH, **HOST) == asked, "not asked twice"
    await stall.refused(403, "forbidden", "POST", PICKS, WISH, **HOST)

    answer = f"/{asked['request']}/answer"
    await stall.refused(403, "forbidden", "PUT", HOST_REQUESTS + answer, {"accept": True}, **HOST)
    others = "/v1/merchants/m2/requests"
    await stall.refused(404, "not_found", "PUT", others + answer, {"accept": True}, user="m2")
    yes = {"accept": True, "answer": "Gladly."}
    told = await stall.got(200, "PUT", M1_REQUESTS + answer, yes)
    assert (told["status"], told["answer"]) == ("accepted", "Gladly.")
    [seen] = (await stall.got(200, "GET", HOST_REQUESTS, **HOST))["requests"]
    assert seen == told
    assert (await the_offer(stall))["commission"] == 2000
    pick = await stall.pick()

    await stall.got(200, "PUT", M1_REQUESTS + answer, {"accept": False, "answer": "No more."})
    assert (await the_offer(stall))["admitted"] is False
    [own] = (await stall.got(200, "GET", PICKS, **HOST))["picks"]
    assert (own["pick"], own["over"]) == (pick, ""), "a pick that was made stays"


async def test_units_that_a_host_asks_for_are_granted_once_with_the_answer(stall: Stall) -> None:
    grants = "/v1/merchants/m1/allotments"
    await stall.offer()
    wish = {"merchant": "m1", "goods": "shirt", "sku": "shirt-m", "units": 3}
    asked = await stall.got(200, "POST", HOST_REQUESTS, wish, **HOST)
    answer = f"{M1_REQUESTS}/{asked['request']}/answer"
    yes, no = {"accept": True, "until": unix_ms() + 86_400_000}, {"accept": False}
    await stall.refused(400, "bad_message", "PUT", answer, no | {"until": yes["until"]})
    await stall.refused(409, "conflict", "PUT", answer, yes | {"until": 1})
    for each in (no, yes, yes, no, yes):
        await stall.got(200, "PUT", answer, each)
    [granted] = (await stall.got(200, "GET", grants))["allotments"]
    assert (granted["host"], granted["sku"], granted["units"], granted["until"]) == (
        "h1", "shirt-m", 3, yes["until"],
    )  # fmt: skip

    many = await stall.got(200, "POST", HOST_REQUESTS, wish | {"units": 1000}, **HOST)
    await stall.refused(409, "conflict", "PUT", f"{M1_REQUESTS}/{many['request']}/answer", yes)
    [still, *_] = (await stall.got(200, "GET", HOST_REQUESTS, **HOST))["requests"]
    assert (still["request"], still["status"]) == (many["request"], "asked")


async def test_who_is_invited_may_pick_until_the_invitation_is_taken_back(stall: Stall) -> None:
    await stall.offer(open_to="invited")
    invited = await stall.got(200, "POST", M1_REQUESTS, INVITE)
    assert (invited["kind"], invited["text"]) == ("invite", "Your viewers would like it.")
    assert (await the_offer(stall))["admitted"] is True
    one = f"/{invited['request']}"
    await stall.refused(403, "forbidden", "DELETE", HOST_REQUESTS + one, **HOST)
    no = {"accept": False, "answer": "Not my style."}
    await stall.got(200, "PUT", f"{HOST_REQUESTS}{one}/answer", no, **HOST)
    assert (await the_offer(stall))["admitted"] is False
    await stall.got(200, "PUT", f"{HOST_REQUESTS}{one}/answer", {"accept": True}, **HOST)
    assert (await the_offer(stall))["admitted"] is True
    await stall.got(204, "DELETE", M1_REQUESTS + one)
    await stall.got(204, "DELETE", M1_REQUESTS + one)
    assert (await the_offer(stall))["admitted"] is False
    said = await stall.refused(
        409, "conflict", "PUT", f"{HOST_REQUESTS}{one}/answer", {"accept": True}, **HOST
    )
    assert "withdrawn" in said
    await stall.refused(400, "bad_message", "POST", M1_REQUESTS, INVITE | {"host": "m1"})
    await stall.refused(404, "not_found", "POST", M1_REQUESTS, INVITE | {"offer": "none"})


async def test_a_host_asks_for_units_of_a_variant(stall: Stall) -> None:
    await stall.offer()
    units = {"merchant": "m1", "goods": "shirt", "sku": "shirt-m", "units": 40}
    asked = await stall.got(200, "POST", HOST_REQUESTS, units, **HOST)
    assert (asked["sku"], asked["units"], asked["offer"]) == ("shirt-m", 40, "")
    for body, status, code in (
        (units | {"sku": "hat"}, 404, "not_found"),
        (units | {"goods": "hat"}, 404, "not_found"),
        (units | {"merchant": "m9"}, 404, "not_found"),
        (units | {"units": 0}, 400, "bad_message"),
        (units | {"units": -1}, 400, "bad_message"),
        ({"merchant": "m1"}, 400, "bad_message"),
        (WISH | {"goods": "hat"}, 400, "bad_message"),
        (WISH | {"text": "x" * 501}, 400, "bad_message"),
    ):
        await stall.refused(status, code, "POST", HOST_REQUESTS, body, **HOST)
    assert len((await stall.got(200, "GET", M1_REQUESTS))["requests"]) == 1


async def test_a_pair_has_so_many_requests_a_day(stall: Stall) -> None:
    await stall.offer()
    for _ in range(5):
        one = await stall.got(200, "POST", HOST_REQUESTS, WISH, **HOST)
        await stall.got(204, "DELETE", f"{HOST_REQUESTS}/{one['request']}", **HOST)
    said = await stall.refused(429, "rate_limited", "POST", HOST_REQUESTS, WISH, **HOST)
    assert "wait for answers" in said
    await stall.got(200, "POST", M1_REQUESTS, INVITE)  # the other way is counted for itself
    h2 = {"user": "h2", "role": Role.HOST}
    await stall.got(200, "POST", "/v1/hosts/h2/requests", WISH, **h2)


async def test_old_requests_end_and_a_forgotten_host_leaves_none(
    stall: Stall, records: Database
) -> None:
    await stall.offer()
    await stall.pick()
    await stall.got(200, "POST", HOST_REQUESTS, WISH, **HOST)
    await stall.got(200, "POST", M1_REQUESTS, INVITE | {"host": "h2"})
    async with records.writing() as connection:
        await pseudonym_of(connection, "h1", "gone-0123456789ab", 1)
        await forget_requests(connection, "h1")
        await forget_host(connection, "h1")
    [left] = (await stall.got(200, "GET", M1_REQUESTS))["requests"]
    assert left["host"] == "h2"
    assert (await stall.got(200, "GET", "/v1/merchants/m1/picks"))["picks"] == []
    old = OldRequests(records)
    assert await old.count(left["changed"]) == 0
    assert (await old.count(unix_ms() + 1), await old.remove(unix_ms() + 1, 9)) == (1, 1)
    assert (await stall.got(200, "GET", M1_REQUESTS))["requests"] == []
