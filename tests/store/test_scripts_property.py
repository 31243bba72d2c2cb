"""Whatever happens in a room, its stream and its bus tell one gapless story."""

import itertools
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.protocol.codes import CommandError
from server.store.room_store import RoomStore
from tests.store.script_room import ScriptRoom, comment, product, script_room
from tests.stored import all_stored

skus = st.sampled_from(["tea", "cup", "pot", "茶"])
users = st.sampled_from(["u1", "u2", "u3"])
seconds = st.sampled_from([0, 60])

Step = tuple[str, dict[str, Any]]


def step(script: str, **args: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    """A call of one script."""
    return st.tuples(st.just(script), st.fixed_dictionaries(args))


comments = st.lists(
    st.builds(
        comment,
        st.sampled_from("abc"),
        users,
        role=st.sampled_from(["viewer", "host"]),
        exempt=st.booleans(),
        word=st.sampled_from([None, None, "block", "hold"]),
        digest=st.sampled_from([None, "d1"]),
    ),
    max_size=4,
)
steps = st.one_of(
    step("phases.set", phase=st.sampled_from(["live", "ended"]), user=users),
    step(
        "comments.add",
        comments=comments,
        recent_max=st.integers(0, 3),
        review_max=st.just(2),
        new_ms=st.just(60_000),
        duplicate_ms=st.sampled_from([0, 60_000]),
        flood_ms=st.just(60_000),
        flood_users_max=st.integers(0, 2),
    ),
    step("comments.pass_held", id=st.sampled_from(["c-a", "c-b"]), recent_max=st.just(3)),
    step("comments.drop_held", id=st.sampled_from(["c-a", "c-b"])),
    step("rules.set", review=st.sampled_from(["off", "new", "all"])),
    step("moderators.set", user=users, on=st.booleans(), moderators_max=st.just(2)),
    step("comments.keep", id=st.sampled_from(["c-a", "c-b"])),
    step("comments.remove", id=st.sampled_from(["c-a", "c-b", "gone"])),
    step("likes.add", n=st.integers(1, 50)),
    step("shelf.put", product=st.builds(product, skus), products_max=st.just(3)),
    step("shelf.remove", sku=skus),
    step("shelf.pin", sku=skus | st.just("")),
    step("notices.put", text=st.text(max_size=3)),
    step("comments.slow", seconds=seconds),
    step("comments.mute", user=users, seconds=seconds, shadow=st.booleans()),
    step(
        "presence.report",
        worker=st.sampled_from(["w1", "w2"]),
        now_count=st.integers(0, 3),
        viewers=st.lists(users, max_size=3),
        stale_ms=st.just(60_000),
    ),
    step("room_events", from_seq=st.integers(0, 9), from_sub=st.integers(0, 3), count=st.just(5)),
    step(
        "epoch_renew",
        epoch=st.just("e1"),
        seq=st.integers(0, 9),
        sub=st.integers(0, 2),
        fresh=st.just("e2"),
    ),
)

rooms = itertools.count()


@settings(max_examples=60)
@given(
    start=st.sampled_from([[], [("phases.set", {"phase": "live", "user": "h1"})]]),
    story=st.lists(steps, max_size=30),
)
async def test_any_story_of_a_room_is_told_without_a_gap(
    store: RoomStore, start: list[Step], story: list[Step]
) -> None:
    async with script_room(store, f"r{next(rooms)}") as room:
        await room.create("scheduled")
        messages = []
        for script, args in [*start, *story]:
            try:
                await room.run(script, **args)
            except CommandError as refusal:
                if refusal.code == "unavailable":  # the script failed; a refusal is no failure
                    raise
            messages += await room.published()
            await check_the_room(room)
        check_the_bus(messages)
        await check_the_stream(room, messages)


async def check_the_room(room: ScriptRoom) -> None:
    """What is pinned is on the shelf, and the shelf's two halves agree."""
    loaded = await room.run("room_load", recent_max=1000)
    skus = [p["sku"] for p in loaded["shelf"]]
    assert len(skus) <= 3
    assert set(skus) == {
        sku.decode() for sku in all_stored(await room.redis.hkeys(room.key("shelf")))
    }
    assert loaded["fields"]["pin"] in ["", *skus]
    assert len(loaded["recent"]) <= 3
    assert not {c["user"] for c in loaded["recent"]} & set(loaded.get("muted", ()))
    waiting = await room.redis.hlen(room.key("review"))
    assert waiting <= 2


def check_the_bus(messages: list[Any]) -> None:
    """Each message begins where the one before it ended, and each event follows the last."""
    position = (0, 0)
    for message in messages:
        assert tuple(message["before"]) == position
        assert message["says"], "an empty message is noise"
        for seq, sub, user, event in message["says"]:
            if (seq, sub) == (0, 0):
                assert event["t"] in {"comment", "likes", "online", "review"}
                assert user == "\x01staff" or (event["t"] != "review" and "shadow" not in event)
                continue
            assert (seq, sub) == follow(position, private=bool(user))
            assert event.get("seq") == (None if user else seq)
            position = (seq, sub)
        assert tuple(message["after"]) == position


def follow(position: tuple[int, int], *, private: bool) -> tuple[int, int]:
    seq, sub = position
    return (seq, sub + 1) if private else (seq + 1, 0)


async def check_the_stream(room: ScriptRoom, messages: list[Any]) -> None:
    """The stream holds exactly what the bus told with a place, and the room knows its end."""
    told = [
        (f"{seq}-{sub}", event, user)
        for message in messages
        for seq, sub, user, event in message["says"]
        if (seq, sub) != (0, 0)
    ]
    assert await room.stream() == told
    fields = await room.fields()
    assert f"{fields['seq']}-{fields['sub']}" == (told[-1][0] if told else "0-0")


async def test_a_story_can_be_read_again_from_every_place_in_it(live: ScriptRoom) -> None:
    tell: list[Callable[[], Any]] = [
        lambda: live.run("notices.put", text="a"),
        lambda: live.run("comments.mute", user="u1", seconds=0),
    ]
    for told in [*tell, *reversed(tell), *tell]:
        await told()
    ids = [tuple(map(int, at.split("-"))) for at, _, _ in await live.stream()]
    for n, (seq, sub) in enumerate(ids):
        got = await live.run("room_events", from_seq=seq, from_sub=sub, count=100)
        assert [(seq, sub) for seq, sub, _, _ in got["events"]] == ids[n + 1 :]
        assert got["gap"] is False
