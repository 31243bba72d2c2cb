"""A rolling restart: workers of the version before and ours on one Redis, in one room.

What the one writes the other reads, in each order. The scripts of the version before are kept in
`tests/kept_data`; what it wrote is old data, so these tests also hold that old data are read.
"""

from itertools import product as combinations
from typing import Any

import pytest

from tests.kept_data.older_scripts import older_store
from tests.store.script_room import ScriptRoom, comment, product
from tests.stored import all_stored

pytestmark = pytest.mark.long("runs every script of two versions, in each order")

ADDED = {
    "recent_max": 9,
    "review_max": 5,
    "new_ms": 60_000,
    "duplicate_ms": 30_000,
    "flood_ms": 600_000,
    "flood_users_max": 2,
}
SHOP = {"offer_hold_s": 60, "orders_per_user_max": 9}
DESK = {"held_max": 9, "muted_max": 9}
LOADED = {"recent_max": 9}


class TwoVersions:
    """One room of workers of both versions; `ours` and `older` are these."""

    def __init__(self, ours: ScriptRoom) -> None:
        self.ours = ours
        self.older = ScriptRoom(older_store(ours.store), ours.redis, None, ours.id)

    def __getitem__(self, version: str) -> ScriptRoom:
        return {"ours": self.ours, "older": self.older}[version]


VERSIONS = ("ours", "older")
PAIRS = pytest.mark.parametrize(
    ("writer", "reader"), [(a, b) for a in VERSIONS for b in VERSIONS if "ours" in (a, b)]
)
"""One version writes, one reads; what the older does alone is not ours to test."""
TURNS = pytest.mark.parametrize("turns", list(combinations(VERSIONS, repeat=3)))
"""Three acts in a row, each by a worker of one version."""


@pytest.fixture
def both(live: ScriptRoom) -> TwoVersions:
    """A live room."""
    return TwoVersions(live)


async def say(room: ScriptRoom, text: str, user: str = "u1", **changes: Any) -> dict[str, Any]:
    """The outcome of one comment."""
    [outcome] = await room.run("comments.add", comments=[comment(text, user, **changes)], **ADDED)
    assert isinstance(outcome, dict)
    return outcome


async def ask(room: ScriptRoom) -> dict[str, Any]:
    """Whether u1 may ask."""
    asks = [{"user": "u1", "role": "viewer"}]
    [outcome] = await room.run("asks.allow", asks=asks, rules_ver=0)
    assert isinstance(outcome, dict)
    return outcome


# Mutes


@PAIRS
async def test_a_mute_holds_on_both(both: TwoVersions, writer: str, reader: str) -> None:
    await both[writer].run("comments.mute", user="u1", seconds=60)

    assert (await say(both[reader], "a"))["err"] == "muted"
    assert (await ask(both[reader]))["err"] == "muted"
    desk = (await both[reader].run("desk.load_desk", **DESK))["desk"]
    assert [(muted["user"], muted["shadow"]) for muted in desk["muted"]] == [("u1", False)]


async def test_a_shadow_mute_of_the_older_is_one(both: TwoVersions) -> None:
    done = await both.older.run("comments.mute", user="u1", seconds=60, shadow=True)

    assert (await say(both.ours, "a"))["shadow"] is True
    assert (await ask(both.ours))["shadow"] is True
    desk = (await both.ours.run("desk.load_desk", **DESK))["desk"]
    assert desk["muted"] == [{"user": "u1", "until": done["until"], "shadow": True}]


async def test_a_shadow_mute_of_ours_is_a_mute_to_the_older(both: TwoVersions) -> None:
    await both.ours.run("comments.mute", user="u1", seconds=60, shadow=True)

    assert (await say(both.older, "a"))["err"] == "muted"
    assert (await say(both.ours, "a"))["shadow"] is True


@pytest.mark.parametrize("shadow_before", [True, False])
@pytest.mark.parametrize("shadow", [True, False])
async def test_the_last_mute_counts_whoever_made_it(
    both: TwoVersions, shadow_before: bool, shadow: bool
) -> None:
    await both.ours.run("comments.mute", user="u1", seconds=60, shadow=shadow_before)
    await both.older.run("comments.mute", user="u1", seconds=90, shadow=shadow)
    of_older = await say(both.ours, "a")
    await both.ours.run("comments.mute", user="u1", seconds=120, shadow=shadow_before)
    of_ours = await say(both.ours, "b")

    assert of_older.get("shadow", False) is shadow
    assert of_ours.get("shadow", False) is shadow_before


@pytest.mark.parametrize("shadow", [True, False])
@PAIRS
async def test_each_lifts_what_the_other_muted(
    both: TwoVersions, writer: str, reader: str, shadow: bool
) -> None:
    await both[writer].run("comments.mute", user="u1", seconds=60, shadow=shadow)
    await both[reader].run("comments.mute", user="u1", seconds=0)

    assert (await say(both.ours, "a")).get("shadow") is None
    assert (await say(both.older, "b"))["ok"] is True
    # Not 60 again: a worker that is quick enough would end it in the same millisecond as the first,
    # which ours would take for the first.
    await both.older.run("comments.mute", user="u1", seconds=90)
    assert (await say(both.ours, "c"))["err"] == "muted"


@PAIRS
async def test_nobody_passes_a_comment_of_a_muted_user(
    both: TwoVersions, writer: str, reader: str
) -> None:
    await say(both.ours, "a", word="hold")
    held: Any = await both.ours.redis.hgetall(both.ours.key("review"))
    await both[writer].run("comments.mute", user="u1", seconds=60, shadow=True)
    await both.ours.redis.hset(both.ours.key("review"), mapping=held)

    refused = await both[reader].refused_quietly("comments.pass_held", id="c-a", recent_max=9)
    assert refused.code == "conflict"


# Authors and repetitions


async def test_an_author_whom_the_older_passed_is_new_no_more(both: TwoVersions) -> None:
    await both.ours.run("rules.set", review="new")
    rules = {"rules_ver": int((await both.ours.fields())["rules_ver"])}
    for author, passes in (("u1", both.older), ("u2", both.ours)):
        added = [comment("a", author, id=author)]
        await both.ours.run("comments.add", comments=added, **ADDED, **rules)
        await passes.run("comments.pass_held", id=author, recent_max=9)

    next_ = [comment("b", "u1"), comment("c", "u2"), comment("d", "u3")]
    outcomes = await both.ours.run("comments.add", comments=next_, **ADDED, **rules)
    assert [outcome.get("held", False) for outcome in outcomes] == [False, False, True]


async def test_counts_of_the_older_version_go_by_themselves(both: TwoVersions) -> None:
    await say(both.older, "a", digest="d1")
    outcome = await say(both.ours, "b", digest="d1")
    again = await say(both.ours, "c", digest="d1")

    assert (outcome["ok"], again["err"]) == (True, "rate_limited")
    assert 0 < await both.older.redis.pttl(both.older.key("said")) <= 600_000


# Polls and lucky draws


async def open_poll(room: ScriptRoom, poll: str) -> Any:
    args = {"poll": poll, "question": "?", "options": ["a", "b"], "lasts_s": 0, "polls_max": 9}
    return await room.run("polls.open", **args)


async def open_lucky(room: ScriptRoom, lucky: str) -> Any:
    args = {"lucky": lucky, "title": "?", "prizes": 1, "audience": "all", "lasts_s": 0}
    return await room.run("luckies.open", **args, seed="s", luckies_max=9)


@TURNS
async def test_rounds_are_in_order_and_the_newest_is_shown(
    both: TwoVersions, turns: tuple[str, ...]
) -> None:
    for n, version in enumerate(turns):
        await open_poll(both[version], f"p{n}")
        await open_lucky(both[version], f"l{n}")
        for each in VERSIONS:
            loaded = await both[each].run("room_load", **LOADED)
            assert (loaded["poll"]["poll"], loaded["lucky"]["lucky"]) == (f"p{n}", f"l{n}")
            conflict = await both[each].refused_quietly(
                "polls.open", poll="x", question="?", options=["a"], lasts_s=0, polls_max=9
            )
            assert conflict.code == "conflict"
        await both[version].run("polls.vote", votes=[{"poll": f"p{n}", "user": "u", "option": 0}])
        for each in VERSIONS:
            [mine] = await both[each].run("mine_of", users=["u"])
            assert mine["vote"] == 0
        await both[version].run("polls.close", poll=f"p{n}")
        await both[version].run("luckies.draw", lucky=f"l{n}")
    for each in VERSIONS:
        polls, luckies = [await both[each].run(f"{kind}.all") for kind in ("polls", "luckies")]
        assert [poll["poll"] for poll in polls] == ["p0", "p1", "p2"]
        assert [lucky["lucky"] for lucky in luckies] == ["l0", "l1", "l2"]


@PAIRS
async def test_the_end_of_the_stream_ends_what_the_other_opened(
    both: TwoVersions, writer: str, reader: str
) -> None:
    await open_poll(both[writer], "p0")
    await open_lucky(both[writer], "l0")
    await both[reader].run("phases.set", phase="ended")
    swept = await both[reader].run("rounds.end", batch_max=9)

    assert swept["changed"] == 2
    loaded = await both.ours.run("room_load", **LOADED)
    assert (loaded["poll"]["status"], loaded["lucky"]["status"]) == ("closed", "drawn")


async def test_the_limit_counts_rounds_and_nothing_else(both: TwoVersions) -> None:
    await open_poll(both.older, "p0")
    await both.ours.run("polls.close", poll="p0")
    args = {"question": "?", "options": ["a"], "lasts_s": 0, "polls_max": 2}
    await both.ours.run("polls.open", poll="p1", **args)
    await both.ours.run("polls.close", poll="p1")

    for room in (both.ours, both.older):
        refused = await room.refused_quietly("polls.open", poll="p2", **args)
        assert refused.code == "limit_reached"


# Waiting for units


async def sell_out(room: ScriptRoom, sale: str) -> None:
    terms = {"sku": "tea", "price": 1, "stock": 1, "per_user": 9, "hold_s": 60, "sales_max": 9}
    times = {"starts_in_s": 0, "lasts_s": 0, "fair_ms": 0, "seed": "s"}
    await room.run("shelf.put", product=product(), products_max=9)
    await room.run("sales.open", sale=sale, **terms, **times, **SHOP)
    buy = {"user": "a", "name": "A", "once": sale, "digest": "d", "order": f"o-{sale}"}
    lines = [{"sale": sale, "qty": 1}]
    await room.run("orders.buy", buys=[buy | {"lines": lines}], entries_max=9, **SHOP)


async def queue(room: ScriptRoom, sale: str, user: str) -> int:
    args = {"sale": sale, "user": user, "name": user, "qty": 1, "waitlist_max": 9}
    place = (await room.run("orders.join_waitlist", **args, **SHOP))["place"]
    assert isinstance(place, int)
    return place


@TURNS
async def test_buyers_wait_in_the_order_they_came(
    both: TwoVersions, turns: tuple[str, ...]
) -> None:
    for sale in ("s1", "s2"):
        await sell_out(both.ours, sale)

    places = []
    for n, version in enumerate(turns):  # the later the user, the earlier the name
        if n == 2:
            await queue(both.ours, "s2", "v")  # the older version counts over all sales
        places.append(await queue(both[version], "s1", f"u{9 - n}"))

    assert places == [1, 2, 3]
    waiting = all_stored(await both.ours.redis.zrange(both.ours.key("waiting"), 0, -1))
    assert [member.rsplit(b"/", 1)[1] for member in waiting[:3]] == [b"u9", b"u8", b"u7"]
