"""Rules, review, repetitions, shadow mutes and moderators, from below."""

from typing import Any

from tests.store.script_room import DECODER, ScriptRoom, comment
from tests.store.speaking import add, facts, one, recent, says
from tests.stored import stored


async def scores(room: ScriptRoom, key: str) -> dict[bytes, float]:
    """A sorted set."""
    found: Any = await room.redis.zrange(room.key(key), 0, -1, withscores=True)
    return dict(found)


async def test_words_change_the_version_of_the_rules_and_are_recorded(live: ScriptRoom) -> None:
    before = (await live.run("rules.load_rules"))["ver"]

    put = await live.run("rules.put_words", words=["a", "b"], action="hold", words_max=9, by="m1")
    loaded = await live.run("rules.load_rules")
    removed = await live.run("rules.remove_words", words=["a", "x"], by="m1")
    after = await live.run("rules.load_rules")

    assert (put["total"], removed["total"]) == (2, 1)
    words = loaded["words"]
    assert dict(zip(words[::2], words[1::2], strict=True)) == {"a": "hold", "b": "hold"}
    assert after["words"] == ["b", "hold"]
    assert before < loaded["ver"] < after["ver"]
    assert await facts(live) == [
        {"k": "words", "words": ["a", "b"], "action": "hold", "by": "m1"},
        {"k": "words", "words": ["a"], "action": "remove", "by": "m1"},
    ]


async def test_a_room_has_no_more_words_than_allowed(live: ScriptRoom) -> None:
    await live.run("rules.put_words", words=["a", "b"], action="hold", words_max=2)

    refused = await live.refused("rules.put_words", words=["b", "c"], action="block", words_max=2)
    changed = await live.run("rules.put_words", words=["b"], action="block", words_max=2)

    assert refused.code == "limit_reached"
    assert changed["total"] == 2


async def test_comments_judged_by_other_rules_are_stale_and_leave_no_trace(
    live: ScriptRoom,
) -> None:
    ver = (await live.run("rules.load_rules"))["ver"]
    fresh = await add(live, comment("a"), rules_ver=ver)
    await live.run("rules.set", review="all")
    await live.published()
    before = await live.dump()

    stale = await add(live, comment("b"), comment("c", role="host"), rules_ver=ver)

    assert [outcome.get("err") for outcome in fresh] == [None]
    assert [outcome["err"] for outcome in stale] == ["stale", "stale"]
    assert await live.dump() == before
    assert await live.published() == []


async def test_rules_that_stay_as_they_are_change_nothing(live: ScriptRoom) -> None:
    before = await live.dump()

    same = await live.run("rules.set", followers_only=False, review="off", by="m1")
    await live.run("rules.remove_words", words=["x"], by="m1")

    assert same == {"followers_only": False, "review": "off"}
    assert await live.dump() == before
    assert await live.published() == []


async def test_the_room_is_told_of_followers_only_and_not_of_the_review(live: ScriptRoom) -> None:
    await live.run("rules.set", review="new", by="h1")
    quiet = await says(live)
    await live.run("rules.set", followers_only=True, by="h1")
    [(user, told)] = await says(live)

    assert quiet == []
    assert (user, told["t"], told["followers_only"]) == ("", "room", True)
    assert await live.run("rules.set") == {"followers_only": True, "review": "new"}
    assert (await facts(live))[-1] == {
        "k": "rules", "followers_only": True, "review": "new", "by": "h1",
    }  # fmt: skip


async def test_a_blocked_word_is_refused_and_the_staff_may_say_it(live: ScriptRoom) -> None:
    await live.run("moderators.set", user="u2", on=True, moderators_max=9)

    refused = await one(live, "a", word="block")
    staff = [
        await one(live, "b", "u2", word="block"),
        await one(live, "c", "h1", role="host", word="hold"),
    ]

    assert refused["err"] == "forbidden"
    assert [outcome["ok"] for outcome in staff] == [True, True]
    assert await recent(live) == ["c-b", "c-c"]


async def test_in_followers_only_the_others_are_refused(live: ScriptRoom) -> None:
    await live.run("rules.set", followers_only=True)

    outcomes = await add(
        live,
        comment("a"),
        comment("b", follows=True),
        comment("c", role="moderator"),
    )

    assert [outcome.get("err") for outcome in outcomes] == ["forbidden", None, None]
    assert "follow" in outcomes[0]["msg"]


async def test_a_held_comment_is_told_to_the_staff_alone(live: ScriptRoom) -> None:
    held = await one(live, "a", word="hold")

    [(user, told)] = await says(live)
    waiting = {"id": "c-a", "user": "u1", "name": "U1", "text": "a", "ts": held["ts"]}
    assert held["held"] is True
    assert user == "\x01staff"
    assert told == {"t": "review", "total": 1, "held": [waiting | {"why": "word"}]}
    assert await recent(live) == []
    assert (await live.fields())["comments"] == "0"


async def test_a_passed_comment_is_shown_once_as_said_now(live: ScriptRoom) -> None:
    held = await one(live, "a", word="hold")
    await one(live, "b", "u2")
    await live.published()

    passed = await live.run("comments.pass_held", id="c-a", recent_max=9, by="m1")

    [message] = await live.published()
    shown = {"id": "c-a", "user": "u1", "name": "U1", "role": "viewer", "text": "a"}
    shown |= {"ts": passed["comment"]["ts"]}
    assert passed["comment"] == shown
    assert shown["ts"] >= held["ts"]
    assert message["says"] == [
        [0, 0, "", {"t": "comment", **shown}],
        [0, 0, "\x01staff", {"t": "review", "total": 0, "held": []}],
    ]
    assert message["comments_after"] == 2
    assert await recent(live) == ["c-b", "c-a"]
    again = await live.refused("comments.pass_held", id="c-a", recent_max=9, by="m1")
    assert again.code == "not_found"
    assert await facts(live) == [
        {"k": "review", "id": "c-a", "what": "pass", "user": "u1", "by": "m1"}
    ]


async def test_a_dropped_comment_is_gone_and_the_room_hears_nothing(live: ScriptRoom) -> None:
    await one(live, "a", word="hold")
    await live.published()

    await live.run("comments.drop_held", id="c-a", by="m1")

    assert [(user, e["t"], e["total"]) for user, e in await says(live)] == [
        ("\x01staff", "review", 0)
    ]
    assert (await live.refused("comments.drop_held", id="c-a")).code == "not_found"
    assert (await facts(live))[-1]["what"] == "drop"


async def test_no_more_comments_wait_than_allowed(live: ScriptRoom) -> None:
    outcomes = await add(live, *(comment(str(n), f"u{n}", word="hold") for n in range(5)))

    assert [outcome.get("err") for outcome in outcomes] == [None] * 3 + ["limit_reached"] * 2
    assert await live.redis.hlen(live.key("review")) == 3


async def test_one_user_has_only_a_share_of_the_places_that_wait(live: ScriptRoom) -> None:
    share = {"review_max": 9, "review_per_user_max": 2}
    await add(live, comment("0", word="hold"), **share)

    outcomes = await add(
        live,
        *(comment(str(n), word="hold") for n in (1, 2)),
        comment("3", "u2", word="hold"),
        comment("4"),
        **share,
    )
    await live.run("comments.drop_held", id="c-0")
    later = await add(live, comment("5", word="hold"), **share)

    assert [o.get("err") or o.get("held") for o in outcomes] == [True, "limit_reached", True, None]
    assert outcomes[1]["msg"].startswith("2 comments of yours wait")
    assert later[0]["held"] is True


async def test_the_staff_is_told_the_oldest_that_wait(live: ScriptRoom) -> None:
    for n in range(60):
        await add(live, comment(f"{n:02}", f"u{n}", word="hold"), review_max=100)

    told = (await says(live))[-1][1]
    assert told["total"] == 60
    assert [held["text"] for held in told["held"]] == [f"{n:02}" for n in range(50)]


async def test_nothing_is_passed_after_the_end(live: ScriptRoom) -> None:
    await one(live, "a", word="hold")
    await live.run("phases.set", phase="ended")

    assert (await live.refused("comments.pass_held", id="c-a", recent_max=9)).code == "not_live"


async def test_with_review_all_every_viewer_waits_and_nobody_of_the_staff(
    live: ScriptRoom,
) -> None:
    await one(live, "a")
    await live.run("rules.set", review="all")

    outcomes = await add(live, comment("b"), comment("c", "h1", role="host"))

    assert [outcome.get("held") for outcome in outcomes] == [True, None]


async def test_with_review_new_whoever_spoke_before_is_known(live: ScriptRoom) -> None:
    await one(live, "before", "old")
    spoke = await live.redis.zscore(live.key("spoken"), "old")
    assert spoke is not None
    long_ago = spoke - 600_000
    await live.redis.zadd(live.key("spoken"), {"old": long_ago})
    await one(live, "just now", "young")
    await live.run("rules.set", review="new")

    outcomes = await add(live, comment("a", "old"), comment("b", "young"), comment("c", "stranger"))

    assert [outcome.get("held") for outcome in outcomes] == [None, True, True]


async def test_the_oldest_are_told_in_their_order_whoever_was_decided_about(
    live: ScriptRoom,
) -> None:
    for n in range(60):
        await add(live, comment(f"{n:02}", f"u{n % 2}", word="hold"), review_max=100)
    await live.run("comments.pass_held", id="c-00", recent_max=9)
    await live.run("comments.drop_held", id="c-02")
    await live.run("comments.remove", id="c-04")
    await live.run("comments.mute", user="u1", seconds=60)

    told = (await says(live))[-3][1]
    assert told["total"] == 27
    assert [held["text"] for held in told["held"]] == [f"{n:02}" for n in range(6, 60, 2)]
    assert await live.redis.zcard(live.key("review_order")) == 27


async def test_a_user_who_was_passed_is_not_the_first_to_be_forgotten(live: ScriptRoom) -> None:
    await live.run("rules.set", review="new")
    await one(live, "a", "passed")
    await live.redis.zadd(live.key("passed"), {"long ago": 1})
    await live.run("comments.pass_held", id="c-a", recent_max=9)

    assert await live.redis.zrange(live.key("passed"), 0, -1) == [b"long ago", b"passed"]


async def test_a_user_who_was_passed_is_no_longer_new(live: ScriptRoom) -> None:
    await live.run("rules.set", review="new")
    first = await one(live, "a")
    await live.run("comments.pass_held", id="c-a", recent_max=9)

    assert first["held"] is True
    assert "held" not in await one(live, "b")


async def test_taking_back_a_comment_that_waits_drops_it(live: ScriptRoom) -> None:
    await one(live, "a", word="hold")
    await live.published()

    await live.run("comments.remove", id="c-a", by="m1")

    assert [e["t"] for _, e in await says(live)] == ["review"]
    assert (await live.refused("comments.pass_held", id="c-a", recent_max=9)).code == "not_found"
    assert await facts(live) == [{"k": "remove", "id": "c-a", "user": "u1", "by": "m1"}]


async def test_taking_back_what_was_said_in_the_shadow_is_told_to_who_saw_it(
    live: ScriptRoom,
) -> None:
    await live.run("comments.mute", user="u1", seconds=60, shadow=True)
    await add(live, comment("a"), comment("b"), comment("c", "u2"))
    before = (await live.fields())["seq"]
    await live.published()

    for name in ("c-a", "c-c"):
        await live.run("comments.remove", id=name, by="m1")

    told = [(user, e["id"]) for user, e in await says(live)]
    assert told == [("\x01staff", "c-a"), ("u1", "c-a"), ("", "c-c")]
    assert int((await live.fields())["seq"]) == int(before) + 1
    assert await live.redis.lrange(live.key("shadowed"), 0, -1) == [b"c-b/u1"]


async def test_a_user_does_not_say_the_same_twice(live: ScriptRoom) -> None:
    outcomes = await add(
        live,
        comment("a", digest="d1"),
        comment("b", digest="d1"),
        comment("c", digest="d2"),
        comment("d", "u2", digest="d1"),
        comment("e"),
        comment("f"),
    )
    later = await one(live, "g", digest="d1")

    assert [o.get("err") for o in outcomes] == [None, "rate_limited", None, None, None, None]
    assert later["err"] == "rate_limited"
    assert 0 < later["retry_ms"] <= 600_000


async def test_no_user_has_the_place_where_a_text_is_counted_for_all(live: ScriptRoom) -> None:
    await add(live, comment("a", "*", digest="d1"), comment("b", digest="d1"))

    assert set(await live.redis.zrange(live.key("said_by"), 0, -1)) == {b"*/d1", b"u1/d1"}
    assert await live.redis.hgetall(live.key("crowd_users")) == {b"d1": b"2"}


async def test_a_repetition_is_forgotten_with_its_time(live: ScriptRoom) -> None:
    await one(live, "a", digest="d1")
    at = (await scores(live, "said_by"))[b"u1/d1"]
    await live.redis.zadd(live.key("said_by"), {b"u1/d1": at - 600_001})

    assert (await one(live, "b", digest="d1"))["ok"] is True
    for key in ("said_by", "crowds", "crowd_users"):
        assert 0 < await live.redis.pttl(live.key(key)) <= 600_000


async def test_of_a_flood_one_is_held_and_the_rest_refused(live: ScriptRoom) -> None:
    first = await add(live, *(comment(f"a{n}", f"u{n}", digest="d") for n in range(3)))
    then = await add(live, *(comment(f"b{n}", f"v{n}", digest="d") for n in range(3)))
    other = await one(live, "c", "w", digest="e")

    assert [o.get("err") or o.get("held") for o in first] == [None, None, True]
    assert [o["err"] for o in then] == ["rate_limited"] * 3
    assert 0 < then[0]["retry_ms"] <= 600_000
    assert other["ok"] is True
    [waiting] = await live.redis.hvals(live.key("review"))
    assert DECODER.decode(stored(waiting))["why"] == "flood"


async def test_shadow_comments_make_no_flood(live: ScriptRoom) -> None:
    for n in range(9):
        await live.run("comments.mute", user=f"s{n}", seconds=60, shadow=True)

    await add(live, *(comment(f"s{n}", f"s{n}", digest="d") for n in range(9)))
    seen = await add(live, *(comment(f"a{n}", f"u{n}", digest="d") for n in range(3)))

    assert [o.get("err") or o.get("held") for o in seen] == [None, None, True]


async def test_one_user_alone_is_no_flood(live: ScriptRoom) -> None:
    outcomes = await add(live, *(comment(str(n), digest="d") for n in range(6)), duplicate_ms=0)

    assert all(outcome.get("ok") and not outcome.get("held") for outcome in outcomes)


async def test_the_list_of_recent_texts_does_not_grow(live: ScriptRoom) -> None:
    for n in range(5):
        await add(live, comment("a", f"u{n}", digest=f"d{n}"))
        for key in ("said_by", "crowds"):
            known = await scores(live, key)
            old = {member: at - 600_001 for member, at in known.items()}
            await live.redis.zadd(live.key(key), old)

    await add(live, comment("a", "u9", digest="d9"))
    assert set(await scores(live, "said_by")) == {b"u9/d9"}
    assert set(await scores(live, "crowds")) == {b"d9"}
    assert set(await live.redis.hgetall(live.key("crowd_users"))) == {b"d9"}


async def test_comments_of_the_host_and_kept_ones_stand_in_the_timeline(
    live: ScriptRoom,
) -> None:
    await one(live, "a", "h1", role="host")
    await one(live, "b")
    for _ in range(2):
        await live.run("comments.keep", id="c-b", by="m1")

    [by_host, kept] = await facts(live)
    assert (by_host["why"], by_host["comment"]["id"], "by" in by_host) == ("host", "c-a", False)
    assert (kept["why"], kept["comment"]["id"], kept["by"]) == ("kept", "c-b", "m1")
    assert set(kept["comment"]) == {"id", "user", "name", "role", "text", "ts"}
    assert await recent(live) == ["c-a", "c-b"]
    assert (await live.refused("comments.keep", id="c-x")).code == "not_found"
