"""A command with a field that nobody knows is refused on the socket, and nothing happens."""

from typing import Any

from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import RawSocket, command

MUG = {"sku": "mug", "title": "Mug", "price": 500, "currency": "CNY"}
SALE = {"sku": "mug", "price": 500, "stock": 3, "per_user": 3, "hold_s": 600}


async def answer(socket: RawSocket, t: str, op: str, ref: int, **fields: Any) -> dict[str, Any]:
    """Send a command; its reply of the kind `t`."""
    socket.send(command(op, ref, **fields))
    reply: dict[str, Any] = await socket.message(t)
    assert reply["ref"] == ref, reply
    return reply


async def test_no_sale_opens_and_no_money_goes_back_by_a_misunderstanding(
    connect: Connect, token: Token
) -> None:
    host = await connect()
    await host.join(token("h1", Role.HOST))
    await answer(host, "ok", "shelf.put", 2, product=MUG)

    later = await answer(host, "err", "sale.open", 3, **SALE, starts_in_sec=600)
    assert later["code"] == "bad_message"
    assert later["msg"].endswith("`starts_in_sec`: did you mean `starts_in_s`?")

    assert "sales" not in (await (await connect()).join())["room"]

    sale = (await answer(host, "ok", "sale.open", 4, **SALE))["sale"]["sale"]
    bought = await answer(host, "ok", "buy", 5, key="k1", sale=sale, qty=2)
    order = bought["order"]["order"]
    await answer(host, "ok", "pay", 6, order=order)
    part = [{"sale": sale, "qty": 1}]
    refused = await answer(host, "err", "order.return", 7, order=order, lines=part)
    assert "`lines[0]` of `order.return` has no field `qty`" in refused["msg"]
    [own] = (await answer(host, "ok", "orders", 8))["orders"]
    assert (own["status"], own["total"]) == ("paid", 1000)


async def test_a_join_says_which_field_nobody_knows_and_may_be_sent_again(
    raw: RawSocket,
) -> None:
    await raw.upgrade()
    refused = await answer(raw, "err", "join", 1, sorce={"kind": "note"})
    assert refused["msg"] == "`join` has no field `sorce`: did you mean `source`?"
    joined = await answer(raw, "ok", "join", 2, source={"kind": "note"})
    assert joined["you"]["role"] == "guest"
