"""Redis stops answering, dies, comes back: readers stay, changes wait, all mends itself."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.running import running
from tests.server.conftest import OpenShop, Token
from tests.server.talk import Talk, talk


async def until_ok(client: Talk, op: str, **fields: object) -> None:
    while (reply := await client.ask(op, **fields))["t"] != "ok":
        assert reply["code"] == "unavailable"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_readers_stay_and_changes_are_unavailable_until_redis_is_back(
    how: str, make_settings: MakeSettings, shop: OpenShop, token: Token, tmp_path: Path
) -> None:
    async with RedisProcess(tmp_path / "redis") as redis:
        settings = make_settings(
            redis={"url": redis.url, "command_timeout_s": 4},
            bus={"watchdog_interval_s": 0.1, "watchdog_timeout_s": 1},
            edge={"commands_per_s": 1000},
            rooms={"comments_burst": 1000},
        )
        async with (
            running(settings, "w1") as worker,
            running(settings, "w2") as second,
            talk(worker.url) as ann,
            talk(second.url) as ben,
            talk(worker.url) as late,
        ):
            sale = await shop(worker.url).open()
            await ann.join(token("ann"))
            await ben.join(token("ben"))
            held = await ann.ask("buy", sale=sale, key="k1")

            if how == "killed":
                await redis.kill()
            else:
                assert redis._process is not None
                redis._process.send_signal(signal.SIGSTOP)
            refused = await asyncio.gather(
                ann.ask("comment", text="is anybody there?"),
                ann.ask("buy", sale=sale, key="k2"),
                ann.ask("pay", order=held["order"]["order"]),
                late.join(token("late")),
            )
            assert [(m["t"], m["code"]) for m in refused] == [("err", "unavailable")] * 4
            assert all(m["retry_ms"] > 0 for m in refused)

            if how == "killed":
                await redis.start()
            else:
                assert redis._process is not None
                redis._process.send_signal(signal.SIGCONT)
            await until_ok(late, "join", token=token("late"))
            await until_ok(ann, "buy", sale=sale, key="k2")
            await until_ok(ann, "comment", text="back")
            await shop(worker.url).send("PUT", "/v1/rooms/r1/pin", {"sku": "mug"})

            for client in (ann, ben, late):
                await client.hear(lambda m: m["t"] == "pin")
                await client.hear(lambda m: m.get("text") == "back")
                assert client.seqs == list(range(client.seqs[0], client.seqs[-1] + 1))
            orders = (await ann.ask("orders"))["orders"]
            assert len(orders) == 2
            assert (await ben.join(token("ben")))["code"] == "bad_message"  # still joined


async def test_private_events_lost_with_redis_reach_their_user(
    make_settings: MakeSettings, shop: OpenShop, token: Token, tmp_path: Path
) -> None:
    async with RedisProcess(tmp_path / "redis") as redis:
        settings = make_settings(redis={"url": redis.url})
        async with (
            running(settings, "w1") as worker,
            running(settings, "w2") as second,
            talk(worker.url) as ann,
            talk(second.url) as elsewhere,
        ):
            sale = await shop(worker.url).open()
            await ann.join(token("ann"))
            await elsewhere.join(token("ann"))

            bought = []
            for n in range(20):
                if n % 5 == 2:
                    await redis.client.client_kill_filter(_type="pubsub")
                bought.append((await ann.ask("buy", sale=sale, key=f"k{n}"))["order"]["order"])

            for client in (ann, elsewhere):
                for order in bought:
                    await client.hear(
                        lambda m, order=order: m["t"] == "order" and m["order"]["order"] == order  # type: ignore[misc]
                    )
                told = [m["order"]["order"] for m in client.messages if m["t"] == "order"]
                assert told == bought
