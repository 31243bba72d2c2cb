import asyncio
import random

import pytest

from client_sim.checks import Findings
from client_sim.client import Options, RoomClient
from client_sim.client.errors import CommandRefused, RoomClosed, RoomError, Unanswered
from client_sim.client.link import Lost, room_url
from client_sim.client.wire import Message, Wire
from client_sim.record import Record
from client_sim.witness import Witness
from server.protocol.roles import Role
from tests.client_sim.conftest import HOST, MUG, QUICK, ROOM, Cutter, Enter, token
from tests.running import Worker


async def until(client: RoomClient, t: str) -> list[Message]:
    """Events up to and with the first of this kind."""
    heard = []
    async for event in client.events():
        heard.append(event)
        if event["t"] == t:
            break
    return heard


@pytest.mark.parametrize("wire", Wire)
async def test_a_comment_comes_back_to_its_author(
    enter: Enter, host: RoomClient, wire: Wire
) -> None:
    ann = await enter("ann", wire=wire)

    said = await ann.comment("求链接 où acheter ?")

    heard = (await until(ann, "comment"))[-1]
    assert (heard["id"], heard["text"], heard["user"]) == (said, "求链接 où acheter ?", "ann")


async def test_a_refused_command_raises_its_code(enter: Enter) -> None:
    ann = await enter("ann")

    with pytest.raises(CommandRefused) as refused:
        await ann.pin("mug")

    assert refused.value.code == "forbidden"
    assert ann.connected


async def test_a_bad_token_keeps_one_out(worker: Worker) -> None:
    with pytest.raises(RoomError, match="token"):
        async with RoomClient(worker.url, ROOM, "no.such.token", options=QUICK):
            pass


async def test_an_unknown_room_keeps_one_out(worker: Worker) -> None:
    with pytest.raises(RoomError):
        async with RoomClient(worker.url, "nowhere", token("ann"), options=QUICK):
            pass


async def test_a_guest_sees_the_room_and_may_not_speak(worker: Worker, host: RoomClient) -> None:
    async with RoomClient(worker.url, ROOM, options=QUICK) as guest:
        assert guest.state.view["shelf"] == [MUG]
        with pytest.raises(CommandRefused):
            await guest.comment("hi")


async def test_a_buy_is_held_then_paid(enter: Enter, host: RoomClient) -> None:
    sale = await host.sale_open("mug", 7900, 3, per_user=2, hold_s=60)
    ann = await enter("ann")

    order = await ann.buy(sale["sale"], 2)
    paid = await ann.pay(order["order"])

    assert (order["status"], paid["status"]) == ("held", "paid")
    assert [it["status"] for it in await ann.orders()] == ["paid"]
    assert ann.state.orders[order["order"]]["status"] == "paid"


async def test_a_user_who_queues_is_offered_what_another_gives_back(
    enter: Enter, host: RoomClient
) -> None:
    sale = await host.sale_open("mug", 7900, 1, hold_s=60)
    ann, bo = await enter("ann"), await enter("bo")
    order = await ann.buy(sale["sale"])

    place = await bo.waitlist(sale["sale"])
    await ann.cancel(order["order"])
    offer = (await until(bo, "order"))[-1]["order"]

    assert (place, offer["offer"], offer["status"]) == (1, True, "held")
    assert (await bo.pay(offer["order"]))["status"] == "paid"


async def test_a_host_takes_a_paid_order_back(enter: Enter, host: RoomClient) -> None:
    sale = await host.sale_open("mug", 7900, 1, hold_s=60)
    ann = await enter("ann")
    order = await ann.buy(sale["sale"])
    await ann.pay(order["order"])

    returned = await host.order_return(order["order"], restock=True)

    assert returned["status"] in ("returned", "refund_due", "refunded")


async def test_a_cut_connection_resumes_without_loss_or_double(
    enter: Enter, host: RoomClient, cutter: Cutter
) -> None:
    findings = Findings()
    witness = Witness("ann", findings, Record())
    ann = await enter("ann", url=cutter.url, observer=witness)
    await host.pin("mug")
    await until(ann, "pin")

    cutter.cut()
    for text in ("一", "二", "三"):
        await host.notice(text)
    heard = await until(ann, "client.joined")
    await host.unpin()
    heard += await until(ann, "pin")

    notices = [event["text"] for event in heard if event["t"] == "notice"]
    seqs = [event["seq"] for event in heard if "seq" in event]
    assert notices == ["一", "二", "三"]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    assert {"t": "client.joined", "gap": False} in heard
    assert ann.state.view["notice"] == "三"
    assert findings.passed, findings.sentences


async def test_a_buy_whose_reply_was_lost_gives_the_one_order(
    enter: Enter, host: RoomClient, cutter: Cutter
) -> None:
    sale = await host.sale_open("mug", 7900, 5, per_user=5, hold_s=60)
    ann = await enter("ann", url=cutter.url)
    cutter.swallowing = True

    buying = asyncio.ensure_future(ann.buy(sale["sale"], 2, key="k1"))
    await until(host, "stock")  # the server has done it, and its reply is swallowed
    cutter.swallowing = False
    cutter.cut()
    order = await buying

    assert [it["order"] for it in await ann.orders()] == [order["order"]]
    assert order["lines"][0]["qty"] == 2


async def test_a_comment_whose_reply_was_lost_is_not_said_twice(
    enter: Enter, host: RoomClient, cutter: Cutter
) -> None:
    ann = await enter("ann", url=cutter.url)
    cutter.swallowing = True

    saying = asyncio.ensure_future(ann.comment("once"))
    await until(host, "comment")
    cutter.cut()

    with pytest.raises(Unanswered):
        await saying


async def test_a_silent_server_leaves_a_command_unanswered(
    enter: Enter, host: RoomClient, cutter: Cutter
) -> None:
    ann = await enter("ann", url=cutter.url, options=Options(reply_s_max=0.05, join_s_max=60))
    cutter.swallowing = True

    with pytest.raises(Unanswered, match="may have been done"):
        await ann.comment("hello?")


async def test_a_draining_worker_sends_its_viewers_to_another_one(
    enter: Enter, worker: Worker, second_worker: Worker
) -> None:
    ann = await enter("ann", url=[worker.url, second_worker.url])

    worker.drain()
    heard = await until(ann, "client.joined")

    assert [event["t"] for event in heard if event["t"] in ("bye", "client.lost")] == [
        "bye",
        "client.lost",
    ]
    assert (await ann.orders(), ann.connections) == ([], 2)


async def test_another_client_takes_over_at_the_position_of_an_earlier_one(
    enter: Enter, host: RoomClient
) -> None:
    ann = await enter("ann")
    await host.notice("一")
    await until(ann, "notice")
    await host.notice("二")

    again = await enter("ann", last=ann.position)

    assert (await until(again, "notice"))[-1]["text"] == "二"


async def test_events_nobody_reads_are_dropped_oldest_first_and_counted(
    enter: Enter, host: RoomClient
) -> None:
    ann = await enter("ann", options=Options(events_max=2))
    bob = await enter("bob")

    for text in ("一", "二", "三", "四"):
        await host.notice(text)
    while (await until(bob, "notice"))[-1]["text"] != "四":
        pass
    await ann.ping()  # all that was said before has arrived

    assert [event["text"] for event in await until(ann, "notice")] == ["三"]
    assert ann.events_dropped >= 2


async def test_leaving_ends_the_events(enter: Enter) -> None:
    ann = RoomClient((await enter("bob"))._urls, ROOM, token("ann"), options=QUICK)

    async with ann:
        reading = asyncio.ensure_future(_all(ann))

    assert [event["t"] for event in await reading if event["t"] != "online"] == []


async def test_a_client_that_may_try_so_often_gives_up(cutter: Cutter) -> None:
    url = cutter.url
    await cutter.__aexit__()
    options = Options(attempts_max=2, backoff_s_min=0.01, join_s_max=60)

    with pytest.raises(RoomClosed, match="Gave up after 2 attempts"):
        async with RoomClient(url, ROOM, options=options):
            pass


@pytest.mark.parametrize("wire", Wire)
async def test_the_events_of_a_client_that_gave_up_end_by_saying_so(
    enter: Enter, cutter: Cutter, wire: Wire
) -> None:
    options = Options(attempts_max=2, backoff_s_min=0.01, join_s_max=60)
    ann = await enter("ann", url=cutter.url, options=options, wire=wire)

    await cutter.__aexit__()

    with pytest.raises(RoomClosed, match="Gave up after 2 attempts") as gone:
        await _all(ann)
    assert (gone.value.code, gone.value.left) == (0, False)
    with pytest.raises(RoomClosed, match="Gave up"):
        await ann.ping()


async def test_a_command_of_a_client_that_was_left_says_so(worker: Worker) -> None:
    async with RoomClient(worker.url, ROOM, options=QUICK) as guest:
        pass

    with pytest.raises(RoomClosed) as gone:
        await guest.ping()
    assert gone.value.left


def test_a_client_stays_away_as_long_as_it_was_told_and_not_all_at_once() -> None:
    client = RoomClient("http://x", ROOM, rng=random.Random(1))

    pauses_s = [client._pause_s(Lost(4000, "", reconnect_ms=2000), 1) for _ in range(100)]

    assert 2.0 <= min(pauses_s) < 2.1
    assert 2.9 < max(pauses_s) <= 3.0


def test_without_advice_a_client_stays_away_longer_each_time_up_to_a_limit() -> None:
    client = RoomClient("http://x", ROOM, rng=random.Random(1))

    pauses_s = [client._pause_s(Lost(1006, ""), failures) for failures in (1, 2, 4, 60)]

    assert pauses_s == sorted(pauses_s)
    assert pauses_s[-1] <= 20


def test_the_address_of_a_room_is_below_the_server_s() -> None:
    assert room_url("https://live.shop/base/", "r 1") == "wss://live.shop/base/v1/rooms/r%201/ws"


async def test_roles_reach_the_client(host: RoomClient, enter: Enter) -> None:
    boss = await enter("boss", Role.ADMIN)

    assert (host.you["user"], host.you["role"], boss.you["role"]) == (HOST, "host", "admin")


async def _all(client: RoomClient) -> list[Message]:
    return [event async for event in client.events()]
