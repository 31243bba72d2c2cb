"""Who is watching, added up over workers, from below."""

from typing import Any

import msgspec
import pytest

from server.features.presence.messages import OnlineEvent
from tests.store.script_room import ScriptRoom

STALE_MS = 60_000


async def report(room: ScriptRoom, worker: str, n: int, *viewers: str, **args: Any) -> Any:
    return await room.run(
        "presence.report",
        worker=worker,
        now_count=n,
        viewers=viewers,
        **{"stale_ms": STALE_MS} | args,
    )


async def test_the_counts_of_all_workers_are_added_up(live: ScriptRoom) -> None:
    assert await report(live, "w1", 3, "a", "b") == {"now": 3, "total": 2}
    assert await report(live, "w2", 2, "b", "c") == {"now": 5, "total": 3}
    assert await report(live, "w1", 1) == {"now": 3, "total": 3}
    fields = await live.fields()
    assert (fields["online"], fields["viewers"]) == ("3", "3")


async def test_a_change_is_told_and_the_same_count_again_is_not(live: ScriptRoom) -> None:
    await report(live, "w1", 3, "a")
    [message] = await live.published()
    assert message["says"] == [[0, 0, "", {"t": "online", "now": 3, "total": 1}]]
    assert msgspec.convert(message["says"][0][3], OnlineEvent).now == 3
    await report(live, "w1", 3, "a")
    assert await live.published() == []


async def test_a_worker_without_viewers_is_forgotten(live: ScriptRoom) -> None:
    await report(live, "w1", 3)
    assert await report(live, "w1", 0) == {"now": 0, "total": 0}
    assert not await live.redis.exists(live.key("presence"))


async def test_a_worker_that_stopped_reporting_is_not_counted(live: ScriptRoom) -> None:
    await report(live, "w1", 3)
    seconds, _ = await live.redis.time()
    old = msgspec.msgpack.encode({"n": 50, "at": seconds * 1000 - STALE_MS - 1000})
    await live.redis.hset(live.key("presence"), "dead", old)
    assert await report(live, "w1", 3) == {"now": 3, "total": 0}
    assert await live.redis.hkeys(live.key("presence")) == [b"w1"]


async def test_many_new_viewers_fit_in_one_report(live: ScriptRoom) -> None:
    got = await report(live, "w1", 20_000, *(f"user-{n}" for n in range(20_000)))
    assert got["now"] == 20_000
    assert abs(got["total"] - 20_000) < 20_000 * 0.05


async def test_presence_works_in_every_phase_and_takes_no_place_in_the_stream(
    room: ScriptRoom,
) -> None:
    await room.create("scheduled")
    await report(room, "w1", 1, "a")
    assert await room.stream() == []


@pytest.mark.parametrize(
    ("shown", "count", "is_told"),
    [(0, 1, True), (99, 100, True), (2000, 2019, False), (2000, 1980, True), (2000, 0, True)],
)
async def test_a_count_is_told_when_it_differs_by_a_hundredth(
    live: ScriptRoom, shown: int, count: int, is_told: bool
) -> None:
    await report(live, "w1", shown)
    await live.published()

    got = await report(live, "w1", count)

    told = [says[3]["now"] for message in await live.published() for says in message["says"]]
    assert got["now"] == count
    assert told == ([count] if is_told else [])
    assert (await live.fields())["online"] == str(count if is_told else shown)


async def test_small_steps_add_up_until_they_are_told(live: ScriptRoom) -> None:
    for count in range(2000, 2101):
        await report(live, "w1", count)

    told = [says[3]["now"] for message in await live.published() for says in message["says"]]
    assert told == [2000, 2020, 2041, 2062, 2083]
