"""Statements, payouts and corrections by REST: who may, what is refused, and that it adds up."""

import csv
import io
from typing import Any

import pytest

from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from tests.conftest import MakeSettings
from tests.web.api import Api
from tests.web.test_me import until
from tests.web.test_purchases import ADMIN, sold

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

TOTAL = 2 * 7900


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        orders={"fair_window_ms": 0}, records={"archive_interval_s": 0.05},
        returns={"window_s": 0},
        accounts={"platform_fee_bps": 500, "return_window_days": 0, "interval_s": 0.05,
                  "payouts": "sandbox"},
    )  # fmt: skip


async def test_statements_are_for_their_owner_and_the_rest_for_admins(api: Api) -> None:
    for what in ("statements", "statements/entries", "statements.csv", "payouts"):
        path = f"/v1/hosts/h1/{what}"
        assert (await api.send("GET", path))[0] == 200
        assert (await api.send("GET", path, **ADMIN))[0] == 200
        await api.refused(403, "forbidden", "GET", path, user="h2")
        await api.refused(403, "forbidden", "GET", path, rooms=["r1"])
        path = f"/v1/merchants/m1/{what}"
        assert (await api.send("GET", path, user="m1", role=Role.MERCHANT))[0] == 200
        await api.refused(403, "forbidden", "GET", path, user="m2", role=Role.MERCHANT)
        await api.refused(403, "forbidden", "GET", path, user="h1")
    for method, path in (
        ("GET", "/v1/accounts"), ("GET", "/v1/payouts"), ("GET", "/v1/payouts.csv?batch=b"),
        ("POST", "/v1/payouts"), ("POST", "/v1/payouts/p1/outcome"), ("POST", "/v1/corrections"),
        ("POST", "/v1/corrections/1/reversal"),
    ):  # fmt: skip
        await api.refused(403, "forbidden", method, path)


async def test_a_sale_is_stated_released_and_paid_out_once(api: Api) -> None:
    await sold(api, "r1")
    fee, own = TOTAL * 5 // 100, TOTAL - TOTAL * 5 // 100
    [statement] = await until(
        api, "/v1/hosts/h1/statements",
        lambda found: bool(found) and found[0]["closing"]["available"] == own,
    )  # fmt: skip
    assert statement["opening"] == {"pending": 0, "held": 0, "available": 0, "paying": 0}
    assert [(s["event"], s["what"], s["amount"]) for s in statement["sums"]] == [
        ("released", "", 0), ("paid", "sale", own),
    ]  # fmt: skip
    order = {"key": "2026-11", "least": 100}
    first = await api.send("POST", "/v1/payouts", order, **ADMIN)
    again = await api.send("POST", "/v1/payouts", order, **ADMIN)
    assert first[0] == 200
    assert [(p["owner"], p["amount"]) for p in first[1]["payouts"]] == [("host/h1", own)]
    assert [p["payout"] for p in again[1]["payouts"]] == [p["payout"] for p in first[1]["payouts"]]
    await api.refused(422, "key_reused", "POST", "/v1/payouts", {"key": "2026-11"}, **ADMIN)
    await until(api, "/v1/hosts/h1/payouts", lambda page: page["payouts"][0]["state"] == "sent")
    _, accounts = await api.send("GET", "/v1/accounts", **ADMIN)
    assert {each["account"]: each["amount"] for each in accounts["accounts"]} == {
        "buyers/money": -TOTAL, "payouts/sent": own, "platform/fees": fee,
    }  # fmt: skip

    _, page = await api.send("GET", "/v1/hosts/h1/statements/entries?limit=3")
    _, rest = await api.send("GET", f"/v1/hosts/h1/statements/entries?cursor={page['next']}")
    entries = [*page["entries"], *rest["entries"]]
    assert [e["event"] for e in entries] == ["payout_sent", "payout", "payout", "released",
                                             "released", "paid"]  # fmt: skip
    assert sum(e["amount"] for e in entries) == 0
    assert (entries[-1]["room"], entries[-1]["base"]) == ("r1", TOTAL)
    _, file = await api.send("GET", "/v1/hosts/h1/statements.csv")
    rows = list(csv.DictReader(io.StringIO(file.lstrip("\ufeff"))))
    assert [int(row["amount"]) for row in rows] == [e["amount"] for e in entries]
    assert rows[-1]["amount_decimal"] == "150.10"
    batch = await api.send("GET", "/v1/payouts.csv?batch=2026-11", **ADMIN)
    assert "host/h1,CNY,15010,150.10,sent" in batch[1]


async def test_bad_payouts_and_corrections_change_nothing(api: Api) -> None:
    def entries(*amounts: int) -> list[dict[str, Any]]:
        accounts = ("host/h1/available", "platform/corrections")
        return [
            {"account": account, "currency": "CNY", "amount": amount}
            for account, amount in zip(accounts, amounts, strict=True)
        ]

    body = {"key": "c1", "reason": "a gift"}
    said = await api.refused(
        409, "conflict", "POST", "/v1/corrections", body | {"entries": entries(5, -4)}, **ADMIN
    )
    assert "add up to 1" in said
    for bad in ({"entries": entries(5, -5), "key": "c1"}, body | {"entries": entries(5, -5)[:1]}):
        await api.refused(400, "bad_message", "POST", "/v1/corrections", bad, **ADMIN)
    for path in ("/v1/payouts/p1/outcome", "/v1/payouts/p1/outcome?x=1"):
        await api.refused(400, "bad_message", "POST", path, {"state": "failed"}, **ADMIN)
    sent = {"state": "sent"}
    await api.refused(404, "not_found", "POST", "/v1/payouts/p1/outcome", sent, **ADMIN)
    path = "/v1/corrections/x/reversal"
    await api.refused(404, "not_found", "POST", path, body, **ADMIN)
    await api.refused(400, "bad_message", "POST", "/v1/payouts", {"key": "b", "least": -1}, **ADMIN)
    assert (await api.send("GET", "/v1/accounts", **ADMIN))[1]["accounts"] == []

    _, made = await api.send("POST", "/v1/corrections", body | {"entries": entries(5, -5)}, **ADMIN)
    assert made["by"] == "root"
    path = f"/v1/corrections/{made['event']}/reversal"
    assert (await api.send("POST", path, body | {"key": "c2"}, **ADMIN))[0] == 200
    await api.refused(409, "conflict", "POST", path, body | {"key": "c3"}, **ADMIN)
    assert (await api.send("GET", "/v1/accounts", **ADMIN))[1]["accounts"] == []


@pytest.mark.parametrize("fee", [-1, 10_100])
def test_a_fee_is_a_part_of_the_whole(make_settings: MakeSettings, fee: int) -> None:
    with pytest.raises(ValueError, match="platform_fee_bps"):
        make_settings(accounts={"platform_fee_bps": fee})


def test_money_is_not_paid_out_while_buyers_can_ask_for_it(make_settings: MakeSettings) -> None:
    from server.house import HOUSE

    early = make_settings(accounts={"return_window_days": 6})
    with pytest.raises(SettingsError, match="return_window_days"):
        HOUSE.check(early)
