"""Comments, their moderation, and likes, from below."""

from typing import Any

import msgspec
import pytest

from server.house import HOUSE
from tests.store.script_room import DECODER, ScriptRoom, comment
from tests.stored import all_stored, stored


async def add(room: ScriptRoom, *comments: dict[str, Any], recent_max: int = 9) -> Any:
    """The outcomes of one batch."""
    return await room.run("comments.add", comments=comments, recent_max=recent_max)


async def recent(room: ScriptRoom) -> list[Any]:
    """The ids a snapshot would show, oldest first."""
    packed = await room.redis.lrange(room.key("recent"), 0, -1)
    return [DECODER.decode(one)["id"] for one in reversed(all_stored(packed))]


async def test_a_batch_is_stored_counted_and_told_in_one_message(live: ScriptRoom) -> None:
    batch = [comment("早上好", "u1"), comment("ça va", "u2", role="moderator")]
    [message] = await live.tell("comments.add", comments=batch, recent_max=9)
    [loaded] = {c["ts"]: c for c in (await live.run("room_load", recent_max=9))["recent"]}
    views = [{**c, "ts": loaded} for c in batch]
    assert (await live.run("room_load", recent_max=9))["recent"] == views
    assert message == {
        "epoch": "e1",
        "before": [1, 0],
        "after": [1, 0],
        "comments_after": 2,
        "says": [[0, 0, "", {"t": "comment", **view}] for view in views],
    }
    msgspec.convert(message["says"][0][3], HOUSE.shape.events)


async def test_a_comment_takes_no_place_in_the_stream(live: ScriptRoom) -> None:
    before = await live.stream()
    await add(live, comment())
    assert await live.stream() == before


async def test_an_accepted_comment_is_answered_with_its_time(live: ScriptRoom) -> None:
    [outcome] = await add(live, comment())
    [stored] = (await live.run("room_load", recent_max=9))["recent"]
    assert outcome == {"ok": True, "ts": stored["ts"]}


@pytest.mark.parametrize("phase", ["scheduled", "ended"])
async def test_comments_outside_the_live_phase_are_refused_one_by_one(
    room: ScriptRoom, phase: str
) -> None:
    await room.create(phase)
    before = await room.dump()
    outcomes = await add(room, comment("a"), comment("b"))
    assert [outcome["err"] for outcome in outcomes] == ["not_live", "not_live"]
    assert await room.dump() == before
    assert await room.published() == []


async def test_no_more_than_the_recent_comments_are_kept(live: ScriptRoom) -> None:
    await add(live, *(comment(str(n)) for n in range(3)), recent_max=4)
    await add(live, *(comment(str(n)) for n in range(3, 6)), recent_max=4)
    assert await recent(live) == ["c-2", "c-3", "c-4", "c-5"]
    await add(live, *(comment(str(n)) for n in range(6, 16)), recent_max=4)
    assert await recent(live) == ["c-12", "c-13", "c-14", "c-15"]


async def test_keeping_no_recent_comments_is_possible(live: ScriptRoom) -> None:
    [outcome] = await add(live, comment(), recent_max=0)
    assert outcome["ok"] is True
    assert await recent(live) == []
    assert (await live.run("room_load", recent_max=0))["recent"] == []


async def test_an_empty_batch_says_nothing(live: ScriptRoom) -> None:
    assert await live.tell("comments.add", comments=[], recent_max=9) == []


async def test_a_muted_user_is_refused_and_the_rest_of_the_batch_is_not(
    live: ScriptRoom,
) -> None:
    await live.run("comments.mute", user="u1", seconds=60)
    await live.published()
    refused, accepted = await add(live, comment("a", "u1"), comment("b", "u2"))
    [message] = await live.published()
    assert refused["err"] == "muted"
    assert 0 < refused["retry_ms"] <= 60_000
    assert accepted["ok"] is True
    assert message["comments_after"] == len(message["says"]) == 1
    assert await recent(live) == ["c-b"]


async def test_a_lapsed_mute_is_forgotten_when_its_user_speaks(live: ScriptRoom) -> None:
    await live.redis.hset(live.key("muted"), mapping={"u1": "1000"})
    [outcome] = await add(live, comment())
    assert outcome["ok"] is True
    assert not await live.redis.exists(live.key("muted"))


async def test_muting_takes_comments_back_and_tells_room_and_user(live: ScriptRoom) -> None:
    await add(live, comment("a", "u1"), comment("b", "u2"), comment("c", "u1"))
    await live.published()
    [message] = await live.tell("comments.mute", user="u1", seconds=60)
    until = int(stored(await live.redis.hget(live.key("muted"), "u1")))
    assert message["says"] == [
        [2, 0, "", {"t": "removed", "user": "u1", "seq": 2}],
        [2, 1, "u1", {"t": "muted", "until": until}],
    ]
    assert message["after"] == [2, 1]
    assert [(at, user) for at, _, user in (await live.stream())[-2:]] == [
        ("2-0", ""),
        ("2-1", "u1"),
    ]
    assert await recent(live) == ["c-b"]


async def test_a_mute_is_lifted_with_zero_seconds_and_only_its_user_is_told(
    live: ScriptRoom,
) -> None:
    await live.run("comments.mute", user="u1", seconds=60)
    [message] = await live.tell("comments.mute", user="u1", seconds=0)
    assert message["says"] == [[2, 2, "u1", {"t": "muted", "until": 0}]]
    [outcome] = await add(live, comment())
    assert outcome["ok"] is True


async def test_slow_mode_holds_viewers_and_nobody_else(live: ScriptRoom) -> None:
    [told] = await live.events("comments.slow", seconds=30)
    assert (told["t"], told["slow_s"], told["seq"]) == ("room", 30, 2)
    outcomes = await add(
        live,
        comment("a", "u1"),
        comment("b", "u1"),
        comment("c", "u2"),
        comment("d", "m1", role="moderator"),
        comment("e", "m1", role="moderator"),
        comment("f", "u1", exempt=True),
    )
    assert [outcome.get("err") for outcome in outcomes] == [
        None, "rate_limited", None, None, None, None,
    ]  # fmt: skip
    assert 0 < outcomes[1]["retry_ms"] <= 30_000
    [later] = await add(live, comment("g", "u2"))
    assert later["err"] == "rate_limited"


async def test_slow_mode_lets_a_viewer_speak_again_after_its_seconds(live: ScriptRoom) -> None:
    await live.run("comments.slow", seconds=30)
    await add(live, comment("a"))
    spoke = int(stored(await live.redis.hget(live.key("spoke"), "u1")))
    await live.redis.hset(live.key("spoke"), "u1", str(spoke - 30_000))
    [outcome] = await add(live, comment("b"))
    assert outcome["ok"] is True


async def test_speakers_are_forgotten_with_slow_mode_with_time_and_with_the_end(
    live: ScriptRoom,
) -> None:
    await add(live, comment("a"))
    assert not await live.redis.exists(live.key("spoke"))
    await live.run("comments.slow", seconds=30)
    await add(live, comment("b"))
    assert 0 < await live.redis.pttl(live.key("spoke")) <= 30_000
    await live.run("comments.slow", seconds=0)
    assert not await live.redis.exists(live.key("spoke"))
    await live.run("comments.slow", seconds=30)
    await add(live, comment("c"))
    await live.run("phases.set", phase="ended", user="h1")
    assert not await live.redis.exists(live.key("spoke"))


async def test_the_same_slow_mode_and_the_same_notice_again_are_no_news(live: ScriptRoom) -> None:
    await live.run("comments.slow", seconds=30)
    await live.run("notices.put", text="hi")
    await live.published()
    before = await live.dump()

    await live.run("comments.slow", seconds=30)
    await live.run("notices.put", text="hi")

    assert await live.published() == []
    assert await live.dump() == before


async def test_a_removed_comment_leaves_the_snapshot_and_the_room_is_told(
    live: ScriptRoom,
) -> None:
    await add(live, comment("a"), comment("b"))
    await live.published()
    assert await live.events("comments.remove", id="c-a") == [
        {"t": "removed", "id": "c-a", "seq": 2}
    ]
    assert await recent(live) == ["c-b"]


async def test_removing_a_comment_older_than_the_snapshot_is_told_all_the_same(
    live: ScriptRoom,
) -> None:
    assert await live.events("comments.remove", id="old") == [
        {"t": "removed", "id": "old", "seq": 2}
    ]


async def test_likes_add_up_and_the_total_is_told(live: ScriptRoom) -> None:
    await live.run("likes.add", n=3)
    assert await live.events("likes.add", n=50) == [{"t": "likes", "total": 53}]
    assert (await live.fields())["likes"] == "53"


@pytest.mark.parametrize("phase", ["scheduled", "ended"])
async def test_likes_outside_the_live_phase_are_refused(room: ScriptRoom, phase: str) -> None:
    await room.create(phase)
    assert (await room.refused("likes.add", n=1)).code == "not_live"
