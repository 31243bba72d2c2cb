"""Polls and lucky draws from below: what a batch says, and what a refusal leaves."""

import hashlib

import pytest

from tests.store.script_room import ScriptRoom

POLL = {"poll": "p1", "question": "?", "options": ["a", "b", "c"], "lasts_s": 0, "polls_max": 9}
LUCKY = {
    "lucky": "l1", "title": "A mug", "prizes": 2, "audience": "all", "lasts_s": 0,
    "seed": "secret", "luckies_max": 9,
}  # fmt: skip


def entry(user: str, lucky: str = "l1") -> dict[str, str]:
    return {"lucky": lucky, "user": user, "name": user.upper()}


async def test_votes_that_come_together_are_told_once(live: ScriptRoom) -> None:
    await live.run("polls.open", **POLL)
    await live.published()
    cast = [{"poll": "p1", "user": f"u{n}", "option": n % 3} for n in range(100)]

    assert await live.events("polls.vote", votes=cast) == [
        {"t": "votes", "poll": "p1", "votes": [34, 33, 33], "ver": 1}
    ]
    assert await live.tell("polls.vote", votes=cast) == []


async def test_entries_that_come_together_are_told_once(live: ScriptRoom) -> None:
    await live.run("luckies.open", **LUCKY)
    await live.published()
    entries = [entry(f"u{n}") for n in range(100)]

    assert await live.events("luckies.enter", entries=entries, entrants_max=99) == [
        {"t": "entries", "lucky": "l1", "entries": 99}
    ]
    again = await live.run("luckies.enter", entries=entries, entrants_max=99)
    assert [each.get("err") for each in again] == [None] * 99 + ["limit_reached"]


async def test_opening_twice_is_opening_once(live: ScriptRoom) -> None:
    poll, lucky = await live.run("polls.open", **POLL), await live.run("luckies.open", **LUCKY)
    await live.published()

    assert await live.run("polls.open", **POLL) == poll
    assert await live.run("luckies.open", **LUCKY | {"seed": "another"}) == lucky
    assert await live.published() == []


async def test_a_seed_is_in_nothing_that_is_told_until_it_is_drawn(live: ScriptRoom) -> None:
    opened = await live.run("luckies.open", **LUCKY)
    await live.run("luckies.enter", entries=[entry("ann")], entrants_max=9)
    loaded = await live.run("room_load", recent_max=9)
    said = [opened, loaded, await live.published(), await live.stream()]

    assert "secret" not in str(said)
    assert opened["seed_hash"] == hashlib.sha1(b"secret").hexdigest()
    assert (await live.run("luckies.draw", lucky="l1"))["seed"] == "secret"
    assert await live.redis.exists(live.key("lucky_seeds")) == 0


@pytest.mark.parametrize(
    ("script", "args"),
    [
        ("polls.open", POLL),
        ("polls.close", {"poll": "p1"}),
        ("polls.vote", {"votes": []}),
        ("polls.all", {}),
        ("luckies.open", LUCKY),
        ("luckies.enter", {"entries": [], "entrants_max": 9}),
        ("luckies.draw", {"lucky": "l1"}),
        ("luckies.all", {}),
        ("phases.selling", {"on": True}),
    ],
)
async def test_a_room_that_is_not_there_is_not_found_and_not_half_made(
    room: ScriptRoom, script: str, args: dict[str, object]
) -> None:
    assert (await room.refused(script, **args)).code == "not_found"
