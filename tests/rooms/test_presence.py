"""How many are here, counted over all workers."""

import asyncio
from typing import Any

import msgspec
import pytest

from server.features.presence import presence
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.rooms.rig import ROOM, Guest, Rig, rig
from tests.rooms.views import shown


async def online(guest: Guest, *counts: int) -> None:
    """Wait until these are the counts that were told, and no others."""
    await guest.until(
        lambda _: [m["now"] for m in guest.heard if m["t"] == "online"] == list(counts)
    )


async def test_online_and_viewers_are_added_up_over_workers(here: Rig, there: Rig) -> None:
    first = await here.join("ann")
    await here.join("ann")
    await there.join("ben")
    guest = await there.join("guest-1", role=Role.GUEST)

    for worker in (here, there):
        await worker.presence.report()
    heard = await first.until(lambda m: m["t"] == "online" and m["now"] == 4)
    await guest.until(lambda m: m["t"] == "online" and m["now"] == 4)
    here.leave(first)
    await here.presence.report()
    after = await guest.until(lambda m: m["t"] == "online" and m["now"] == 3)

    assert heard[-1] == {"t": "online", "now": 4, "total": 3}
    assert after[-1] == {"t": "online", "now": 3, "total": 3}


async def test_the_count_of_a_worker_that_died_expires(make_settings: MakeSettings) -> None:
    stale_s = 600  # nothing grows stale but what is made so here
    settings = make_settings(rooms={"presence_interval_s": 0.05, "presence_stale_s": stale_s})
    async with rig(settings, "w1") as here:
        await here.create()
        ann = await here.join("ann")
        async with rig(settings, "w2") as dying:
            await dying.join("ben")
            await here.presence.report()
            await dying.presence.report()
            await online(ann, 1, 2)

        long_ago = msgspec.msgpack.encode({"n": 1, "at": 1})
        await here.redis.hset(here.key("presence"), "w2", long_ago)
        count, at = here.presence._told[ROOM]
        here.presence._told[ROOM] = (count, at - stale_s)
        async with here.presence:
            await online(ann, 1, 2, 1)

            assert shown(here.room.state.view()).online == 1


async def test_a_worker_that_goes_away_takes_its_count_back(
    here: Rig, there: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LAST_REPORT_S", 60)
    ann = await here.join("ann")
    async with there.presence:
        ben = await there.join("ben")
        await here.presence.report()
        await there.presence.report()
        await online(ann, 1, 2)
        there.leave(ben)

    await online(ann, 1, 2, 1)


async def test_counts_go_on_after_an_answer_that_nobody_understands(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(rooms={"presence_interval_s": 0.05}, hub={"tick_ms_min": 1})
    async with rig(settings, "w1") as here:
        await here.create()
        ann = await here.join("ann")
        run, failed = here.store.run_script, asyncio.Event()

        async def garbled(name: str, *args: Any) -> Any:
            if failed.is_set():
                return await run(name, *args)
            failed.set()
            raise msgspec.DecodeError("no such type")

        monkeypatch.setattr(here.store, "run_script", garbled)
        async with here.presence, asyncio.timeout(30):
            await failed.wait()
            await online(ann, 1)


async def test_a_count_that_was_not_told_is_told_again(here: Rig) -> None:
    ann = await here.join("ann")
    run, here.store.run_script = here.store.run_script, None  # type: ignore[method-assign,assignment]

    async def unavailable(*_: object) -> None:
        from server.protocol.codes import CommandError

        raise CommandError("unavailable", "Gone.")

    here.store.run_script = unavailable  # type: ignore[method-assign,assignment]
    await here.presence.report()
    here.store.run_script = run  # type: ignore[method-assign]
    await here.presence.report()

    heard = await ann.until(lambda m: m["t"] == "online")
    assert heard == [{"t": "online", "now": 1, "total": 1}]
