"""`liveroom audit`, `liveroom orders export` and `liveroom outbox`, as an operator runs them."""

import asyncio
import json
import os
import sys
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from server.cli.main import app
from tests.orders.shop import PRICE, Shop

pytestmark = pytest.mark.blocking_allowed  # the command runs a loop of its own, in a thread


@pytest.fixture
async def liveroom(shop: Shop, prefix: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """Runs the command on the shop's store."""
    connection = shop.redis.connection_pool.connection_kwargs
    monkeypatch.setenv("LIVEROOM_REDIS_URL", f"unix://{connection['path']}")
    monkeypatch.setenv("LIVEROOM_REDIS_KEY_PREFIX", prefix)

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    return run


async def test_audit_is_green_and_turns_red_when_a_counter_is_corrupted(
    shop: Shop, liveroom: object
) -> None:
    sale = await shop.open(stock=5)
    await shop.pay(await shop.buy("ann", sale, 2))
    green = await liveroom("audit", shop.id)  # type: ignore[operator]
    assert (green.exit_code, "agree" in green.output) == (0, True)
    assert "1 order, 1 sale\n" in green.output

    await shop.redis.hincrby(shop.key("stock"), f"{sale.sale}:left", 1)
    red = await liveroom("audit", shop.id)  # type: ignore[operator]
    assert red.exit_code == 1
    assert f"stock {sale.sale}:left: the ledger says 3, the room has 4" in red.output


async def test_a_room_that_is_not_there_is_one_sentence(shop: Shop, liveroom: object) -> None:
    result = await liveroom("audit", "nowhere")  # type: ignore[operator]
    assert result.exit_code == 2
    assert result.output.startswith("liveroom: There is no room `nowhere`")


async def test_orders_are_exported_in_both_formats(shop: Shop, liveroom: object) -> None:
    await shop.pay(await shop.buy("ann", await shop.open()))
    lines = await liveroom("orders", "export", shop.id, "--format", "jsonl")  # type: ignore[operator]
    (line,) = lines.output.splitlines()
    assert json.loads(line)["total"] == PRICE
    table = await liveroom("orders", "export", shop.id)  # type: ignore[operator]
    assert [row.split(",")[3] for row in table.output.splitlines()] == ["status", "paid"]


async def test_an_export_whose_reader_has_enough_ends_quietly(shop: Shop, liveroom: object) -> None:
    await shop.buy("ann", await shop.open())
    reader, writer = os.pipe()
    os.close(reader)
    export = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "orders", "export", shop.id),
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writer)

    _, told = await export.communicate()

    assert (export.returncode, told) == (0, b"")


async def test_dead_letters_of_one_room_and_of_all_are_listed_and_replayed(
    shop: Shop, liveroom: object
) -> None:
    await shop.open()
    letter = {"place": "1-0", "why": "answered 500", "at": 1}
    await shop.redis.hset(shop.key("dead_letters"), "1-0", shop.packed(letter))

    one = await liveroom("outbox", "list", shop.id)  # type: ignore[operator]
    assert one.output == "1-0\tanswered 500\n1 dead letter.\n"
    every = await liveroom("outbox", "list")  # type: ignore[operator]
    assert every.output == f"{shop.id}\t1-0\tanswered 500\n1 dead letter.\n"
    unsaid = await liveroom("outbox", "replay")  # type: ignore[operator]
    assert unsaid.exit_code == 2
    again = await liveroom("outbox", "replay", "--all")  # type: ignore[operator]
    assert again.output == "To be delivered again: 1 dead letter of 1 room.\n"
    assert await shop.redis.zrange(shop.key("outbox_replays"), 0, -1) == [b"1-0"]


async def test_a_room_that_cannot_be_read_is_named_and_the_others_are_listed(
    shop: Shop, liveroom: object
) -> None:
    await shop.redis.zadd(shop.store.keys.rooms, {"damaged": 1})
    await shop.redis.set(shop.store.keys.room("damaged", "dead_letters"), "no hash")
    listed = await liveroom("outbox", "list")  # type: ignore[operator]
    assert listed.exit_code == 2
    assert "0 dead letters." in listed.output
    assert "liveroom: room `damaged` could not be read." in listed.output


async def test_skipping_a_room_where_no_post_failed_is_one_sentence(
    shop: Shop, liveroom: object
) -> None:
    await shop.open()
    refused = await liveroom("outbox", "skip", shop.id)  # type: ignore[operator]
    assert refused.exit_code == 2
    assert (
        refused.output
        == f"liveroom: No post of room `{shop.id}` failed: there is nothing to skip.\n"
    )
    stuck: dict[Any, Any] = {"told": "0-0", "tries": 3, "stuck": "1-0", "why": "answered 422"}
    await shop.redis.hset(shop.key("outbox"), mapping=stuck)
    skipped = await liveroom("outbox", "skip", shop.id)  # type: ignore[operator]
    assert skipped.output == "Ledger entry 1-0 is a dead letter now.\n"
