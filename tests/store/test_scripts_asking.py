"""Asks are counted once in a while a user, and the desk is read as of one instant."""

from typing import Any

from tests.store.script_room import ScriptRoom, comment, product
from tests.store.test_scripts_timeline import facts
from tests.stored import stored, stored_hash

LIMITS = {"again_ms": 60_000, "asked_max": 100}


def ask(user: str, sku: str = "tea", by: str = "pin") -> dict[str, str]:
    """An ask as a worker hands it to the script."""
    return {"user": user, "sku": sku, "by": by}


async def counts(room: ScriptRoom) -> dict[str, int]:
    found = await room.redis.hgetall(room.key("asks"))
    return {sku.decode(): int(n) for sku, n in stored_hash(found).items()}


async def test_a_batch_of_asks_is_one_fact_and_one_word_to_the_staff(live: ScriptRoom) -> None:
    await live.run("shelf.put", product=product("tea"), products_max=9)
    await live.run("shelf.pin", sku="tea")
    batch = [ask("u1"), ask("u2", "cup", "words"), ask("u1"), ask("u3", "", "")]

    [message] = await live.tell("asks.add", asks=batch, **LIMITS)

    [[_, _, to, event]] = message["says"]
    assert (to, event) == ("\x01staff", {"t": "asks", "counts": {"tea": 1, "cup": 1, "": 1}})
    told = [fact for fact in await facts(live) if fact["k"] == "asks"]
    pinned = [ask | {"pinned": "tea"} for ask in (batch[0], batch[1], batch[3])]
    assert told == [{"k": "asks", "asks": pinned}]
    assert message["before"] == message["after"]


async def test_asks_that_do_not_count_are_told_to_nobody(live: ScriptRoom) -> None:
    await live.run("asks.add", asks=[ask("u1")], **LIMITS)
    before = await live.dump()

    assert await live.tell("asks.add", asks=[ask("u1"), ask("u1")], **LIMITS) == []
    assert await live.dump() == before


async def test_an_ask_counts_again_when_its_time_is_over(live: ScriptRoom) -> None:
    await live.run("asks.add", asks=[ask("u1")], **LIMITS)
    earlier = int(stored(await live.redis.hget(live.key("asked"), "tea/u1"))) - 60_000
    await live.redis.hset(live.key("asked"), "tea/u1", earlier)

    await live.run("asks.add", asks=[ask("u1")], **LIMITS)

    assert await counts(live) == {"tea": 2}
    assert 0 < await live.redis.pttl(live.key("asked")) <= 60_000


async def test_with_no_time_between_them_every_ask_counts(live: ScriptRoom) -> None:
    await live.run("asks.add", asks=[ask("u1"), ask("u1")], **LIMITS | {"again_ms": 0})

    assert await counts(live) == {"tea": 2}
    assert await live.redis.exists(live.key("asked")) == 0


async def test_no_more_askers_are_remembered_than_allowed(live: ScriptRoom) -> None:
    for n in range(250):
        await live.run("asks.add", asks=[ask(f"u{n}")], **LIMITS)

    assert await live.redis.hlen(live.key("asked")) == 50
    assert await counts(live) == {"tea": 250}


async def test_scripts_about_questions_refuse_where_no_room_is(room: ScriptRoom) -> None:
    act: dict[str, Any] = {"question": "q1", "answers_max": 9}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("asks.add", {"asks": [ask("u1")]} | LIMITS),
        ("asks.add_question", {"questions": [], "open_max": 1, "per_user_max": 1}),
        ("asks.tell_queue", {"answers_max": 9}),
        ("asks.take", act),
        ("asks.answer", act | {"text": "yes"}),
        ("asks.drop", act),
        ("asks.settled", {"settled": []}),
        ("asks.recall", act | {"key": "k", "answered": 1}),
        ("desk.load_desk", {"held_max": 1, "muted_max": 1}),
    ]
    for script, args in calls:
        assert (await room.refused(script, **args)).code == "not_found"


def recalled(question: str) -> dict[str, Any]:
    """An answer of an earlier room, as a worker hands it to the script."""
    answered = {
        "question": question, "sku": "tea", "topic": "size", "text": "How big?", "user": "u1",
        "name": "U1", "asked": 1, "status": "answered", "at": 1, "answer": "30 cm",
    }  # fmt: skip
    return {"question": answered, "key": "tea/size", "answered": 1, "answers_max": 9}


async def test_an_answer_is_brought_into_a_room_once(live: ScriptRoom) -> None:
    assert len(await live.tell("asks.recall", **recalled("q1"))) == 1
    assert await live.tell("asks.recall", **recalled("q2")) == []

    assert await live.redis.hkeys(live.key("questions")) == [b"q1"]


async def test_a_question_answered_again_meanwhile_stays_due(live: ScriptRoom) -> None:
    asked = recalled("q1")["question"] | {"id": "q1", "key": "tea/size", "quiet": False}
    await live.run("asks.add_question", questions=[asked], open_max=9, per_user_max=9)
    [due] = (await live.run("asks.answer", question="q1", text="30 cm", answers_max=9))["due"]

    await live.run("asks.settled", settled=[{"question": "q1", "answered": due["answered"] - 1}])
    still = (await live.run("desk.load_desk", held_max=1, muted_max=1))["due"]
    await live.run("asks.settled", settled=[{"question": "q1", "answered": due["answered"]}])

    assert [each["answered"] for each in still] == [due["answered"]]
    assert (await live.run("desk.load_desk", held_max=1, muted_max=1))["due"] == []


async def test_the_desk_is_all_that_only_the_staff_sees(live: ScriptRoom) -> None:
    await live.run("rules.set", followers_only=False, review="all")
    await live.run("rules.put_words", words=["spam", "ad"], action="block", words_max=9)
    await live.run("rules.put_words", words=["maybe"], action="hold", words_max=9)
    await live.run("moderators.set", user="mo", on=True, moderators_max=9)
    bounds = {"recent_max": 9, "review_max": 9, "new_ms": 0}
    await live.run("comments.add", comments=[comment("a"), comment("b")], **bounds)
    await live.run("comments.mute", user="u2", seconds=60)
    await live.run("comments.mute", user="u3", seconds=90, shadow=True)
    await live.redis.hset(live.key("muted"), "u4", 1)
    await live.run("asks.add", asks=[ask("u1")], **LIMITS)

    loaded = await live.run("desk.load_desk", held_max=1, muted_max=9)

    desk = loaded["desk"]
    muted = [(each["user"], each["shadow"]) for each in desk.pop("muted")]
    held = [(each["text"], each["why"]) for each in desk.pop("held")]
    assert (muted, held) == ([("u3", True), ("u2", False)], [("a", "all")])
    assert desk == {
        "asks": {"tea": 1},
        "queue": [],
        "blocked_words": ["ad", "spam"],
        "held_words": ["maybe"],
        "followers_only": False,
        "review": "all",
        "moderators": ["mo"],
    }


async def test_the_desk_of_a_quiet_room_is_empty(live: ScriptRoom) -> None:
    desk = (await live.run("desk.load_desk", held_max=1, muted_max=9))["desk"]

    assert "asks" not in desk  # an empty map would arrive as a list
    assert {name for name, value in desk.items() if value} == {"review"}
