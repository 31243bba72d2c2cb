"""Lucky draws: one entry a user, winners that anybody can recompute from what is told."""

import asyncio
import hashlib

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.features.circles.belonging import Belonging
from server.features.luckies.luckies import Luckies
from server.features.luckies.messages import Lucky, LuckyDraw, LuckyEnter, LuckyOk, LuckyOpen
from server.features.phases.messages import LiveEnd
from server.protocol.fields import Who
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.rooms.rounds import facts, let_end, refusal, sweep, viewer
from tests.rooms.views import shown
from tests.torture.size import more


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def drawn_by_hand(seed: str, users: list[str], prizes: int) -> list[str]:
    """The winners, by the definition on the docs page and nothing else."""
    return sorted(users, key=lambda user: sha1(f"{seed} {user}"))[:prizes]


async def open_lucky(here: Rig, prizes: int = 2, audience: Who = "all", lasts_s: int = 0) -> Lucky:
    cmd = LuckyOpen(ref=1, title="青瓷杯", prizes=prizes, audience=audience, lasts_s=lasts_s)
    return expect(LuckyOk, await here.do(cmd)).lucky


async def enter(here: Rig, lucky: Lucky, *users: str) -> None:
    for user in users:
        await here.do(LuckyEnter(ref=1, lucky=lucky.lucky), viewer(user))


async def draw(here: Rig, lucky: Lucky) -> Lucky:
    return expect(LuckyOk, await here.do(LuckyDraw(ref=1, lucky=lucky.lucky))).lucky


async def now(here: Rig) -> Lucky:
    """The room's newest lucky draw, as a viewer who joins would see it."""
    lucky = shown(await here.directory.read(ROOM)).lucky
    assert lucky is not None
    return lucky


def luckies(here: Rig) -> Luckies:
    belonging = Belonging(here.store, here.directory.host_of)
    return Luckies(here.store, here.settings, belonging)


async def entrants(here: Rig, lucky: Lucky) -> list[str]:
    return [u async for some in luckies(here).entrants(ROOM, lucky.lucky) for u in some]


async def test_a_lucky_draw_is_told_entered_and_drawn(here: Rig) -> None:
    ann = await here.join("ann")

    lucky = await open_lucky(here)
    await enter(here, lucky, "cid", "ann", "ben", "ann")
    drawn = await draw(here, lucky)
    heard = await ann.until(lambda m: m["t"] == "lucky" and m["lucky"]["status"] == "drawn")

    assert (lucky.status, lucky.seed, lucky.entries) == ("open", "", 0)
    assert (drawn.status, drawn.entries, len(drawn.winners)) == ("drawn", 3, 2)
    assert all(w.name == f"{w.user} Name" for w in drawn.winners)
    told = [m["lucky"] for m in heard if m["t"] == "lucky"]
    assert [told[0]["seed_hash"], told[-1]["seed"]] == [lucky.seed_hash, drawn.seed]
    assert await now(here) == drawn


async def test_the_published_values_are_enough_to_find_the_winners(here: Rig) -> None:
    users = [f"u{n}" for n in range(40)] + ["小明", "Zoë", "a b", "a/b", "é", "~"]
    lucky = await open_lucky(here, prizes=7)
    await enter(here, lucky, *users)
    drawn = await draw(here, lucky)
    listed = await entrants(here, lucky)

    assert sha1(drawn.seed) == lucky.seed_hash
    assert listed == sorted(users, key=str.encode)
    assert drawn.entrants_hash == sha1("\n".join(listed))
    assert [w.user for w in drawn.winners] == drawn_by_hand(drawn.seed, listed, 7)


async def test_drawing_again_changes_nothing(here: Rig) -> None:
    lucky = await open_lucky(here)
    await enter(here, lucky, *(f"u{n}" for n in range(9)))
    drawn = await draw(here, lucky)

    assert await draw(here, lucky) == drawn
    assert await refusal(enter(here, lucky, "late")) == "ended"
    assert await entrants(here, lucky) == [f"u{n}" for n in range(9)]
    assert len(await facts(here, "lucky")) == 2


async def test_a_draw_that_nobody_entered_has_no_winners(here: Rig) -> None:
    drawn = await draw(here, await open_lucky(here))

    assert (drawn.winners, drawn.entries, drawn.entrants_hash) == ([], 0, sha1(""))


async def test_a_draw_ends_by_the_clock_and_a_sweep_draws_it_once(here: Rig, there: Rig) -> None:
    ann = await here.join("ann")
    lucky = await open_lucky(here, lasts_s=600)
    await enter(here, lucky, "ann", "ben")
    await let_end(here, "luckies", lucky.lucky)

    late = await refusal(enter(there, lucky, "cid"))
    swept = await asyncio.gather(sweep(here), sweep(there))
    await ann.until(lambda m: m["t"] == "lucky" and m["lucky"]["status"] == "drawn")

    assert (late, sum(swept), await sweep(here)) == ("ended", 1, 0)
    assert lucky.ends == lucky.starts + 600_000
    assert {w.user for w in (await now(here)).winners} == {"ann", "ben"}
    assert [fact.get("by") for fact in await facts(here, "lucky")] == [HOST.user, None]


async def test_a_draw_that_is_over_is_drawn_before_the_next_opens(here: Rig) -> None:
    first = await open_lucky(here, lasts_s=600)
    await enter(here, first, "ann")
    assert await refusal(open_lucky(here)) == "conflict"
    await let_end(here, "luckies", first.lucky)

    second = await open_lucky(here)

    listed = await luckies(here).all(ROOM)
    assert [(each.lucky, each.status) for each in listed] == [
        (first.lucky, "drawn"), (second.lucky, "open"),
    ]  # fmt: skip
    assert [w.user for w in listed[0].winners] == ["ann"]


async def test_the_end_of_the_stream_draws_what_is_open(here: Rig) -> None:
    lucky = await open_lucky(here)
    await enter(here, lucky, "ann")
    await here.do(LiveEnd(ref=1))

    late = await refusal(enter(here, lucky, "ben"))
    await sweep(here)

    assert (late, [w.user for w in (await now(here)).winners]) == ("ended", ["ann"])
    assert await refusal(open_lucky(here)) == "ended"


async def test_a_host_who_gives_the_prizes_cannot_win_them(here: Rig) -> None:
    lucky = await open_lucky(here)

    assert await refusal(here.do(LuckyEnter(ref=1, lucky=lucky.lucky), HOST)) == "forbidden"


@pytest.mark.parametrize("other", ["newest", "l0", "l0:entries"])
async def test_an_unknown_lucky_draw_cannot_be_entered_or_drawn(here: Rig, other: str) -> None:
    await open_lucky(here)

    enter_other = here.do(LuckyEnter(ref=1, lucky=other), viewer("ann"))
    assert await refusal(enter_other) == "not_found"
    assert await refusal(here.do(LuckyDraw(ref=1, lucky=other))) == "not_found"


@pytest.mark.parametrize(
    ("audience", "key"),
    [
        ("followers", lambda keys: keys.host(HOST.user, "followers")),
        ("group", lambda keys: keys.room(f"fans:{HOST.user}", "members")),
        ("reserved", lambda keys: keys.room(ROOM, "reserved")),
    ],
)
async def test_a_draw_may_be_for_those_who_belong(here: Rig, audience: Who, key: object) -> None:
    assert callable(key)
    await here.redis.hset(key(here.store.keys), "ann", 1)
    lucky = await open_lucky(here, audience=audience)

    outcomes = await asyncio.gather(
        enter(here, lucky, "ann"), enter(here, lucky, "ben"), return_exceptions=True
    )

    assert [getattr(each, "code", None) for each in outcomes] == [None, "forbidden"]
    assert await entrants(here, lucky) == ["ann"]


async def test_a_room_has_so_many_draws_and_a_draw_so_many_entrants(
    make_settings: MakeSettings,
) -> None:
    limits = {"luckies_max": 1, "entrants_max": 2}
    async with rig(make_settings(luckies=limits), "w1") as here:
        await here.create()
        lucky = await open_lucky(here)
        await enter(here, lucky, "ann", "ben")

        assert await refusal(enter(here, lucky, "cid")) == "limit_reached"
        await draw(here, lucky)
        assert await refusal(open_lucky(here)) == "limit_reached"


users = st.sampled_from([f"u{n}" for n in range(12)] + ["a/b", "茶", "l", "newest"])
steps = st.lists(st.tuples(users, st.booleans()), max_size=25)


async def compare(room_settings: Settings, story: list[tuple[str, bool]], prizes: int) -> None:
    async with rig(room_settings, "w1") as here, rig(room_settings, "w2") as there:
        await here.create()
        await here.join("watcher")
        await there.join("watcher")
        earlier = await open_lucky(here)
        await enter(here, earlier, "u1", "u2", "u3")
        await draw(here, earlier)

        lucky = await open_lucky(here, prizes=prizes)
        for user, is_here in story:
            await enter(here if is_here else there, lucky, user)
        drawn = await draw(there, lucky)

        entered = sorted({user for user, _ in story}, key=str.encode)
        assert await entrants(here, lucky) == entered
        assert (drawn.entries, drawn.entrants_hash) == (len(entered), sha1("\n".join(entered)))
        assert sha1(drawn.seed) == lucky.seed_hash
        won = [winner.user for winner in drawn.winners]
        assert won == drawn_by_hand(drawn.seed, entered, prizes)
        fresh = await here.directory.read(ROOM)
        for each in (here, there):
            await each.heard_all()
            assert each.room.state.view() == fresh


@pytest.mark.grows
def test_any_entries_on_two_workers_are_drawn_as_the_definition_says(
    make_settings: MakeSettings,
) -> None:
    run = 0

    @settings(
        max_examples=more(8, 100),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(steps, st.integers(1, 6))
    def check(story: list[tuple[str, bool]], prizes: int) -> None:
        nonlocal run
        run += 1
        made = make_settings()
        room_settings = make_settings(
            redis={"key_prefix": f"{made.redis.key_prefix}-{run}"},
            bus={"publish_interval_ms": 1},
            hub={"tick_ms_min": 1, "tick_ms_max": 1},
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(compare(room_settings, story, prizes))

    check()
