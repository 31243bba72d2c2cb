"""Endpoints that refuse, rest, are gone or ask to wait: what waits is told later, or given up."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import update

from server.features.webhooks.tables import ENDPOINTS, PLACES
from tests.webhooks.conftest import Office
from tests.webhooks.receiver import Receiver
from tests.webhooks.trading import answering, ok, trade


@pytest.mark.parametrize("state", ["paused", "disabled"])
async def test_what_happens_while_an_endpoint_rests_is_told_when_it_goes_on(
    office: Office, receiver: Receiver, state: str
) -> None:
    await office.endpoint(receiver, state=state)
    await trade(await office.shop(), 3)
    worker = await office.tell()
    assert receiver.posts == []
    behind = await office.behind()
    assert (behind.rooms, behind.lines) == (1, 3)
    await office.endpoints.resume("oms")
    await worker.deliver_all()
    assert receiver.numbers("r1") == [1, 2, 3]


async def test_an_endpoint_that_is_gone_is_disabled_and_keeps_what_waits(
    office: Office, receiver: Receiver
) -> None:
    async def gone(_: dict[str, Any]) -> int:
        return 410

    receiver.answer = gone
    await office.endpoint(receiver)
    await trade(await office.shop(), 3)
    await office.tell()
    endpoint = await office.endpoints.one("oms")
    assert (endpoint.state, len(receiver.posts)) == ("disabled", 1)
    assert "410" in endpoint.reason
    assert (await office.behind()).lines == 3


async def test_an_endpoint_that_takes_nothing_for_long_is_disabled_with_the_reason(
    office: Office, receiver: Receiver
) -> None:
    await office.endpoint(receiver)
    await trade(await office.shop(), 2)
    await office.archive()
    receiver.answer = answering(500)
    worker = await office.worker(retry_for_s=0)
    await _until(worker.deliver_all, office, lambda endpoint: endpoint.state == "disabled")
    assert "answered 500" in (await office.endpoints.one("oms")).reason
    assert receiver.taken == []
    assert (await office.behind()).lines == 2


async def test_a_line_that_alone_is_refused_for_long_is_given_up_and_logged(
    office: Office, receiver: Receiver
) -> None:
    await office.endpoint(receiver)
    await trade(await office.shop(), 3)
    await office.archive()

    async def not_the_second(event: dict[str, Any]) -> int:
        return 422 if event["data"]["n"] == 2 else 200

    receiver.answer = not_the_second
    worker = await office.worker(retry_for_s=0)
    await worker.deliver_all()
    async with office.records.writing() as connection:  # another room had success since then
        await connection.execute(update(ENDPOINTS).values(ok_at=10**15))
    while (await office.behind()).lines:
        await worker.deliver_all()
    assert receiver.numbers("r1") == [1, 3]
    assert [(each.n, each.state) for each in await office.log()] == [
        (1, "ok"), (2, "given_up"), (3, "ok"),
    ]  # fmt: skip
    assert (await office.endpoints.one("oms")).state == "active"


async def _until(act: Callable[[], Awaitable[None]], office: Office, state: Any) -> None:
    while not state(await office.endpoints.one("oms")):
        await act()


async def test_an_endpoint_that_asks_to_wait_is_left_alone_and_all_rooms_go_on_after_it(
    office: Office, receiver: Receiver
) -> None:
    async def busy(_: dict[str, Any]) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "3600"})

    receiver.answer = busy
    await office.endpoint(receiver)
    for n in range(3):
        await trade(await office.shop(f"r{n}"), 2)
    worker = await office.tell(posts_at_once=1)
    await worker.deliver_all()
    assert len(receiver.posts) == 1
    assert (await office.behind()).failing == 1

    receiver.answer = ok
    await office.endpoints.resume("oms")
    await worker.deliver_all()
    assert (await office.behind()).lines == 0


async def test_the_first_success_lets_every_room_that_waits_for_the_endpoint_try(
    office: Office, receiver: Receiver
) -> None:
    receiver.answer = answering(503)
    await office.endpoint(receiver)
    for n in range(2):
        await trade(await office.shop(f"r{n}"), 2)
    await office.tell(posts_at_once=2)
    receiver.answer = ok
    async with office.records.writing() as connection:
        waits_long = {"again_at": 10**15, "away": True, "tries": 9}
        await connection.execute(update(PLACES).where(PLACES.c.room == "r0").values(**waits_long))
        await connection.execute(update(PLACES).where(PLACES.c.room == "r1").values(again_at=0))
    worker = await office.worker("w1")
    await worker.deliver_all()
    await worker.deliver_all()
    assert receiver.numbers("r0") == receiver.numbers("r1") == [1, 2]
