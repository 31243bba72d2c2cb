"""Scripts: people who are muted, in the open or in the shadow, and those who mute them."""

from tests.store.script_room import ScriptRoom
from tests.store.speaking import facts, one, recent, says
from tests.stored import stored


async def test_shadow_comments_are_shown_to_their_author_and_the_staff(
    live: ScriptRoom,
) -> None:
    await live.run("comments.mute", user="u1", seconds=60, shadow=True, by="m1")
    muting = await says(live)

    outcome = await one(live, "a")

    said = {"t": "comment", "id": "c-a", "user": "u1", "name": "U1", "role": "viewer"}
    said |= {"text": "a", "ts": outcome["ts"]}
    assert muting == []
    assert outcome == {"ok": True, "ts": outcome["ts"], "shadow": True}
    assert await says(live) == [("u1", said), ("\x01staff", said | {"shadow": True})]
    assert await recent(live) == []
    fields = await live.fields()
    assert (fields["comments"], fields["seq"], fields["sub"]) == ("0", "1", "0")
    assert (await facts(live))[0] == {
        "k": "mute", "user": "u1", "seconds": 60, "shadow": True, "by": "m1",
    }  # fmt: skip


async def test_in_the_shadow_everything_else_is_as_for_others(live: ScriptRoom) -> None:
    await live.run("comments.mute", user="u1", seconds=60, shadow=True)
    await live.run("comments.slow", seconds=30)
    await live.published()

    blocked = await one(live, "a", word="block")
    held = await one(live, "b", word="hold")
    slow = await one(live, "c")

    assert blocked["err"] == "forbidden"
    assert held["held"] is True
    assert slow["err"] == "rate_limited"
    assert await live.redis.hlen(live.key("review")) == 0
    assert [user for user, _ in await says(live)] == ["\x01staff"]


async def test_a_shadow_takes_nothing_back_and_lifting_it_tells_nobody(live: ScriptRoom) -> None:
    await one(live, "a")
    await live.run("comments.mute", user="u1", seconds=60, shadow=True)
    await live.published()

    await live.run("comments.mute", user="u1", seconds=0)

    assert await says(live) == []
    assert "shadow" not in await one(live, "b")
    assert await recent(live) == ["c-a", "c-b"]


async def test_from_a_mute_into_the_shadow_looks_like_being_free(live: ScriptRoom) -> None:
    await live.run("comments.mute", user="u1", seconds=60)
    await live.published()

    await live.run("comments.mute", user="u1", seconds=60, shadow=True)
    into = await says(live)
    await live.run("comments.mute", user="u1", seconds=60)
    back = await says(live)

    assert into == [("u1", {"t": "muted", "until": 0})]
    assert [(user, e["t"]) for user, e in back] == [("", "removed"), ("u1", "muted")]


async def test_muting_drops_what_the_user_has_waiting(live: ScriptRoom) -> None:
    await one(live, "a", word="hold")
    await one(live, "b", "u2", word="hold")
    await live.published()

    await live.run("comments.mute", user="u1", seconds=60, shadow=True)

    [(user, told)] = await says(live)
    assert (user, [held["id"] for held in told["held"]]) == ("\x01staff", ["c-b"])


async def test_mutes_that_lapsed_go_with_the_next_mute(live: ScriptRoom) -> None:
    await live.redis.hset(live.key("muted"), mapping={"a": "1000", "b": "1000", "c": "1000.5"})
    await live.redis.hset(live.key("shadow_muted"), mapping={"b": "1000", "lifted": "1000"})
    await live.run("comments.mute", user="u1", seconds=60)

    assert await live.redis.hkeys(live.key("muted")) == [b"u1"]
    assert not await live.redis.exists(live.key("shadow_muted"))


async def test_a_shadow_lapses(live: ScriptRoom) -> None:
    for key in ("muted", "shadow_muted"):
        await live.redis.hset(live.key(key), mapping={"u1": "1000"})

    assert "shadow" not in await one(live, "a")
    assert not await live.redis.exists(live.key("muted"), live.key("shadow_muted"))


async def test_a_shadow_mute_says_when_it_ends_and_no_snapshot_shows_it(live: ScriptRoom) -> None:
    done = await live.run("comments.mute", user="u1", seconds=60, shadow=True)

    for key in ("muted", "shadow_muted"):
        assert int(stored(await live.redis.hget(live.key(key), "u1"))) == done["until"]
    assert "muted" not in await live.run("room_load", recent_max=9)


async def test_a_moderator_is_told_once_and_speaks_as_one(live: ScriptRoom) -> None:
    for _ in range(2):
        await live.run("moderators.set", user="u1", on=True, moderators_max=9, by="h1")
    added = await says(live)
    await one(live, "a")
    spoken = await says(live)
    await live.run("moderators.set", user="u1", on=False, moderators_max=9, by="h1")
    removed = await says(live)
    await one(live, "b")

    assert added == [("u1", {"t": "role", "role": "moderator"})]
    assert spoken[0][1]["role"] == "moderator"
    assert removed == [("u1", {"t": "role", "role": "viewer"})]
    assert (await says(live))[0][1]["role"] == "viewer"
    assert [f for f in await facts(live) if f["k"] == "moderator"] == [
        {"k": "moderator", "user": "u1", "on": True, "by": "h1"},
        {"k": "moderator", "user": "u1", "on": False, "by": "h1"},
    ]
    refused = await live.refused("moderators.set", user="u1", on=False, moderators_max=9)
    assert refused.code == "not_found"


async def test_a_room_has_no_more_moderators_than_allowed(live: ScriptRoom) -> None:
    await live.run("moderators.set", user="u1", on=True, moderators_max=1)

    refused = await live.refused("moderators.set", user="u2", on=True, moderators_max=1)

    assert refused.code == "limit_reached"
    assert (await live.run("room_load", recent_max=0))["moderators"] == ["u1"]
