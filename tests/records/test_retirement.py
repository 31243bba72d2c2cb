"""A room that left Redis comes back whole, and answers everything as before."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from server.features.archive.archiver import Archiver
from server.features.archive.holdings import ended_rooms
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd
from server.house import HOUSE, store_on
from server.protocol.codes import CommandError
from server.records.database import Database
from server.rooms.awake_rooms import Resting
from server.rooms.full_lap import FullLap
from server.rooms.restoring import Restorer
from server.rooms.retiring import AHEAD_MS, Retirer
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.features.owners import TALKING
from tests.features.stage import ANN, stage_of
from tests.features.test_every_feature import settings_of, story_of
from tests.records.test_archive import archiver_of, copy_all
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.running import running
from tests.web.api import Api

ASKED = {"/v1/rooms/{room}/replay/at": "?minute=0"}
Content = dict[str, Any]


async def content(store: RoomStore, room: str = ROOM) -> Content:
    """Everything that Redis has of a room, by key; read by other code than the packing's.

    Whether it sleeps is left out: a room that comes back is asleep.
    """
    redis, found = store.redis, {}
    for name in set(store.keys.room_keys) - {"asleep"}:
        key = store.keys.room(room, name)
        kind = (await redis.type(key)).decode()
        match kind:
            case "hash":
                found[name] = await redis.hgetall(key)
            case "zset":
                found[name] = await redis.zrange(key, 0, -1, withscores=True)
            case "set":
                found[name] = await redis.smembers(key)
            case "string":
                found[name] = await redis.get(key)
            case "list":
                found[name] = await redis.lrange(key, 0, -1)
            case "stream":
                info = await redis.xinfo_stream(key)
                groups = await redis.xinfo_groups(key)
                found[name] = (
                    await redis.xrange(key),
                    info["last-generated-id"],
                    [(g["name"], g["last-delivered-id"], g["pending"]) for g in groups],
                )
        if kind != "none":
            found[f"{name} ends"] = await redis.pexpiretime(key) if kind != "hash" else -1
    return found


def retirer_of(store: RoomStore, records: Database, settings: Settings, **more: Any) -> Retirer:
    """One that asks no feature whether the room must stay."""
    apart = store_on(store.redis, store.keys)
    given = {"pending_args": None, "stays": [], "ended": None, "metrics": Metrics()} | more
    return Retirer(apart, records, settings, "w1", **given)


async def end(here: Rig) -> None:
    phase = await here.redis.hget(here.store.keys.room(ROOM, "room"), "phase")
    if phase == b"live":
        await here.do(LiveEnd(ref=99), HOST, ROOM)


@pytest.mark.parametrize("feature", TALKING)
@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_everything_of_every_feature_comes_back(
    make_settings: MakeSettings, records: Database, records_url: str, feature: str
) -> None:
    story = story_of(feature)
    own = getattr(story, "SETTINGS", {}) | {"records": {"url": records_url}}
    settings = settings_of(make_settings, own)
    scheduled = getattr(story, "SCHEDULED", False)
    async with stage_of(settings, scheduled=scheduled, deaf=False) as stage:
        await story.tell(stage)
        store = stage.here.store
        await end(stage.here)
        await store.redis.hset(
            store.keys.room(ROOM, "room"), mapping={"phase": "ended", "selling": 0}
        )
    async with rig(settings, "w3") as here:
        await _leaves_and_comes_back(here.store, records, settings)


async def _leaves_and_comes_back(store: RoomStore, records: Database, settings: Settings) -> None:
    before = await content(store)
    outcome = await retirer_of(store, records, settings).retire(ROOM, at_once=True)
    assert outcome.left, outcome
    left = await content(store)
    assert {name for name in left if not name.endswith("ends")} == {"room"}
    restorer = Restorer(store, records, Metrics())
    await restorer.restore(ROOM)
    after = await content(store)
    assert after.keys() == before.keys()
    for name, value in before.items():
        assert after[name] == value, name


@pytest.fixture
async def sold(
    make_settings: MakeSettings, records_url: str
) -> AsyncIterator[tuple[Rig, Settings]]:
    """A room that ended, in which Ann bought and paid a mug."""
    settings = settings_of(make_settings, {"records": {"url": records_url}})
    async with stage_of(settings, scheduled=False, deaf=False) as stage:
        sale = await stage.sale()
        bought = expect(OrderOk, await stage.here.do(Buy(ref=1, key="k1", sale=sale.sale), ANN))
        await stage.here.do(Pay(ref=2, order=bought.order.order), ANN)
        await end(stage.here)
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})  # the stage's is in no list
        yield here, settings


async def test_a_script_brings_the_room_back_and_a_repeated_buy_has_its_one_outcome(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store = here.store
    sales = await store.redis.hkeys(store.keys.room(ROOM, "sales"))
    assert (await retirer_of(store, records, settings).retire(ROOM, at_once=True)).left
    store.restore = Restorer(store, records, Metrics()).restore
    again = expect(OrderOk, await here.do(Buy(ref=3, key="k1", sale=sales[0].decode()), ANN))
    assert again.order.status == "paid"
    with pytest.raises(CommandError, match="not live"):
        await here.do(Buy(ref=4, key="k2", sale=sales[0].decode()), ANN)


async def test_a_room_that_is_woken_while_it_leaves_stays(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store = here.store
    restorer = Restorer(store, records, Metrics())
    before = await content(store)

    async def somebody_comes(_: RoomStore, room: str) -> str:
        await restorer.restore(room)
        return ""

    retirer = retirer_of(store, records, settings, stays=[somebody_comes])
    outcome = await retirer.retire(ROOM, at_once=True)
    assert (outcome.left, outcome.why) == (False, "somebody came back to it meanwhile")
    assert await content(store) == before


async def test_many_who_want_the_room_at_once_bring_it_back_once(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store = here.store
    before = await content(store)
    assert (await retirer_of(store, records, settings).retire(ROOM, at_once=True)).left
    metrics = Metrics()
    restorers = [Restorer(store, records, metrics) for _ in range(3)]
    await asyncio.gather(*(each.restore(ROOM) for each in restorers for _ in range(5)))
    assert await content(store) == before
    assert metrics.records_restored_rooms._value.get() == 1


async def test_nobody_who_visits_rooms_brings_one_back(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store, pending = here.store, HOUSE.pending_args(settings)
    await store.wake([ROOM])
    assert (await retirer_of(store, records, settings).retire(ROOM, at_once=True)).left

    await Resting(store, pending, still_s=-60).rest_all()
    await FullLap(store, settings, pending).lap()
    await here.worker.sweeper.sweep_all()
    archiver = Archiver(store, records, settings, "w9", HOUSE.streams, [], Metrics())
    await archiver.copy_all()

    left = await store.redis.hget(store.keys.room(ROOM, "room"), "left")
    assert left is not None
    assert await store.redis.zscore(store.keys.awake, ROOM) is None


async def test_a_room_that_comes_back_is_asleep_until_something_happens_there(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store = here.store
    await store.wake([ROOM])
    assert (await retirer_of(store, records, settings).retire(ROOM, at_once=True)).left
    await Resting(store, {}, still_s=-60).rest_all()
    await Restorer(store, records, Metrics()).restore(ROOM)
    assert await store.redis.exists(store.keys.room(ROOM, "asleep"))

    await store.run_script("outbox.replay", ROOM, {}, msgspec.msgpack.Decoder(Any))

    assert await store.redis.exists(store.keys.room(ROOM, "asleep")) == 0
    assert await store.redis.zscore(store.keys.awake, ROOM) is not None


async def test_an_attempt_that_stopped_halfway_is_done_anew(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    store = here.store
    before = await content(store)
    assert (await retirer_of(store, records, settings).retire(ROOM, at_once=True)).left
    first = Restorer(store, records, Metrics())
    run, calls = store.run_script, 0

    async def dies(name: str, *rest: Any) -> Any:
        nonlocal calls
        calls += name == "restore_part"
        if calls == 5:
            raise asyncio.CancelledError
        return await run(name, *rest)

    store.run_script = dies  # type: ignore[method-assign, assignment]
    with pytest.raises((asyncio.CancelledError, CommandError)):
        await first.restore(ROOM)
    store.run_script = run  # type: ignore[method-assign]
    await store.redis.delete(store.keys.room(ROOM, "restoring"))  # its lock has run out
    await Restorer(store, records, Metrics()).restore(ROOM)
    assert await content(store) == before


async def test_a_room_that_is_not_settled_stays_with_a_reason(
    make_settings: MakeSettings, records: Database, records_url: str
) -> None:
    settings = settings_of(make_settings, {"records": {"url": records_url}})
    async with stage_of(settings, scheduled=False, deaf=False) as stage:
        store = stage.here.store
        sale = await stage.sale()
        retirer = retirer_of(store, records, settings, pending_args={})
        assert (await retirer.retire(ROOM, at_once=True)).why == "it has not ended"
        await stage.here.do(Buy(ref=1, key="k1", sale=sale.sale), ANN)
        await end(stage.here)
        assert (await retirer.retire(ROOM)).why == "it ended too lately"
        why = (await retirer.retire(ROOM, at_once=True)).why
        assert why == "something in it is still to be done, now or later (follows, orders)"
        assert await store.redis.hget(store.keys.room(ROOM, "room"), "left") is None


async def test_a_room_of_which_something_is_not_archived_stays(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    archiver = archiver_of(here.store, records, settings)
    retirer = retirer_of(here.store, records, settings, stays=[archiver.stays])
    why = "not all of it is copied to the archive"
    assert (await retirer.retire(ROOM, at_once=True)).why == why
    await copy_all(archiver)
    await here.redis.xadd(
        here.store.keys.room(ROOM, "actions"), {"e": b"late"}, id="9999999999999-0"
    )
    assert (await retirer.retire(ROOM, at_once=True)).why == why
    await copy_all(archiver)
    assert (await retirer.retire(ROOM, at_once=True)).left


async def test_a_room_with_lines_that_the_other_system_lacks_stays(
    sold: tuple[Rig, Settings], records: Database, make_settings: MakeSettings, records_url: str
) -> None:
    """Once it has left, nobody would tell them."""
    here, _ = sold
    await here.redis.delete(here.key("announcing"))  # it lasts seconds, and keeps the room, too
    await copy_all(archiver_of(here.store, records, sold[1]))
    outbox = {"url": "http://127.0.0.1:9/"}
    tells = settings_of(make_settings, {"records": {"url": records_url}, "outbox": outbox})
    async with rig(tells, "w4") as other:
        why = (await other.worker.retirer.retire(ROOM, at_once=True)).why
        assert why == "something in it is still to be done, now or later (outbox)"
    assert (await here.worker.retirer.retire(ROOM, at_once=True)).left


@pytest.mark.blocking_allowed  # the start of a worker reads files
async def test_rest_answers_the_same_bytes_before_and_after(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    async with (
        running(settings, "w4") as worker,
        aiohttp.ClientSession() as session,
    ):
        api = Api(session, settings, worker.url)
        _, described = await api.send("GET", "/v1/openapi.json", user=None)
        paths = [
            path.replace("{room}", ROOM) + ASKED.get(path, "")
            for path, methods in described["paths"].items()
            if "get" in methods
            and not path.endswith(("/stream", ".ics"))  # goes on; a stream without a time has none
            and re.findall(r"{(\w+)}", path) == ["room"]
        ]
        assert len(paths) > 8

        async def answer(path: str) -> str:
            """Without the time of the reading."""
            answered = await api.send("GET", path, user=HOST.user)
            assert answered[0] == 200, (path, answered)
            return re.sub(r"'(at_ms|now)': \d+", "", str(answered))

        before = {path: await answer(path) for path in paths}
        await copy_all(archiver_of(here.store, records, settings))
        for path in paths:
            retirer = retirer_of(here.store, records, settings)
            # The worker may touch the room just then; then it stays, and leaves the next time.
            while not (await retirer.retire(ROOM, at_once=True)).left:
                pass
            assert await answer(path) == before[path]
        assert (await api.send("GET", "/v1/rooms", user=None))[1][0]["room"] == ROOM


@pytest.mark.blocking_allowed  # the start of a worker reads files
async def test_rooms_leave_by_themselves_once_all_is_copied_and_in_order(
    sold: tuple[Rig, Settings], records: Database, make_settings: MakeSettings, records_url: str
) -> None:
    here, _ = sold
    soon = settings_of(
        make_settings,
        {
            "records": {
                "url": records_url,
                "retire_after_s": 0,
                "retire_interval_s": 0.05,
                "archive_interval_s": 0.05,
            },
            "community": {"announce_repeats": 1},
        },
    )
    async with running(soon, "w5"):
        async with asyncio.timeout(60):
            while await here.redis.exists(here.store.keys.room(ROOM, "ledger")):
                await asyncio.sleep(0.02)
    assert await here.redis.hget(here.store.keys.room(ROOM, "room"), "left")


async def _candidates(records: Database, retirer: Retirer) -> list[str]:
    retirer._ended = ended_rooms
    retirer._quiet_until = 0  # as whoever asks so much later
    return await retirer._candidates(2**53)


async def test_a_room_that_was_woken_or_came_back_is_retired_again(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    """Whoever dies between a step in Redis and the note of it leaves nothing that lasts."""
    here, settings = sold
    store = here.store
    await copy_all(archiver_of(store, records, settings))
    restorer = Restorer(store, records, Metrics())

    async def somebody_comes(_: RoomStore, room: str) -> str:
        await restorer.restore(room)
        return ""

    retirer = retirer_of(store, records, settings, stays=[somebody_comes])
    assert not (await retirer.retire(ROOM, at_once=True)).left
    retirer = retirer_of(store, records, settings)
    assert await _candidates(records, retirer) == [ROOM], "it was woken while it left"

    retirer._note_away = _dies  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await retirer.retire(ROOM, at_once=True)
    retirer = retirer_of(store, records, settings)
    assert (await retirer.retire(ROOM, at_once=True)).why == "it has left already"
    assert await _candidates(records, retirer) == []

    await restorer.restore(ROOM)
    assert await _candidates(records, retirer) == [ROOM], "it came back"


async def _dies(room: str) -> None:
    raise ZeroDivisionError


async def test_the_records_are_asked_ahead_whether_any_room_may_leave(
    sold: tuple[Rig, Settings], records: Database
) -> None:
    here, settings = sold
    await copy_all(archiver_of(here.store, records, settings))
    ended = await here.redis.hget(here.store.keys.room(ROOM, "room"), "ended")
    assert ended is not None
    due = int(ended) + int(settings.records.retire_after_s * 1000)
    asked = []

    async def counted(connection: Any, before: int, count: int) -> Any:
        asked.append(before)
        return await ended_rooms(connection, before, count)

    retirer = retirer_of(here.store, records, settings, ended=counted)
    early = due - AHEAD_MS - 1
    assert await retirer._candidates(early) == []
    assert await retirer._candidates(early + AHEAD_MS - 1) == []
    assert len(asked) == 1
    assert await retirer._candidates(due) == [ROOM]
