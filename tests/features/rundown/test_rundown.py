"""The rundown: planned by the host's team, heard by nobody else, done in one press and once."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.auth import Identity
from server.features.polls.messages import PollOpen
from server.features.rundown.messages import (
    RundownDo,
    RundownItem,
    RundownMark,
    RundownMove,
    RundownOk,
    RundownPut,
    RundownPutOk,
    RundownRead,
    RundownRemove,
)
from server.features.rundown.planning import FAR_MS, moved_by, start_of, with_times
from server.features.rundown.rundown import command_text
from server.features.shelf.messages import ShelfPut
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from tests.conftest import MakeSettings
from tests.features.stage import MUG, Stage
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig

MO = Identity("mo", "Mo", Role.MODERATOR, rooms=frozenset({ROOM}))
POLL = {"question": "Cold?", "options": ["Yes", "No"], "lasts_s": 60}


async def plan(here: Rig, who: Identity = HOST, **fields: Any) -> str:
    """Plan something; the id of the item."""
    planned = {"kind": "note", "title": "tea"} | fields
    return expect(RundownPutOk, await here.do(RundownPut(ref=1, **planned), who)).item


async def read(here: Rig, room: str = ROOM) -> list[RundownItem]:
    """What is planned."""
    return expect(RundownOk, await here.do(RundownRead(ref=1), HOST, room)).rundown


async def tell(stage: Stage) -> None:
    """A poll and a note are planned, changed, moved, done and removed."""
    poll = await stage.do(RundownPut(ref=1, kind="poll", title="Cold?", does=POLL, lasts_s=60))
    note = await stage.do(RundownPut(ref=1, kind="note", title="tea", before=poll.item))
    await stage.do(RundownMove(ref=1, item=note.item))
    await stage.do(RundownDo(ref=1, item=poll.item))
    await stage.do(RundownMark(ref=1, item=note.item, done=True))
    await stage.do(RundownRead(ref=1))
    await stage.do(RundownRemove(ref=1, item=note.item))


async def test_one_press_does_an_item_once_and_only_the_team_is_told(here: Rig) -> None:
    ann, host = await here.join("ann"), await here.join(HOST.user, role=Role.HOST)
    item = await plan(here, MO, kind="poll", title="Cold?", does=POLL)

    outcomes = await asyncio.gather(
        *(here.do(RundownDo(ref=1, item=item)) for _ in range(2)), return_exceptions=True
    )

    [refused] = [each for each in outcomes if isinstance(each, CommandError)]
    assert refused.code == "conflict"
    await host.until(lambda m: m["t"] == "poll")
    heard = await ann.until(lambda m: m["t"] == "poll")
    assert [m for m in heard if m["t"] == "rundown"] == []
    assert [m["poll"]["question"] for m in heard if m["t"] == "poll"] == ["Cold?"]
    [done] = await read(here)
    assert done.done > 0
    with pytest.raises(CommandError) as forbidden:
        await here.do(RundownRead(ref=1), Identity("ann", "Ann", Role.VIEWER))
    assert forbidden.value.code == "forbidden"


async def test_what_is_refused_is_not_done_and_what_an_assistant_may_not_do_is_refused(
    here: Rig,
) -> None:
    item = await plan(here, kind="product", title="Mug", does={"sku": "mug"})
    with pytest.raises(CommandError) as missing:
        await here.do(RundownDo(ref=1, item=item))
    await here.do(ShelfPut(ref=1, product=MUG))
    with pytest.raises(CommandError) as assistants:
        await here.do(RundownDo(ref=1, item=item), MO)

    assert (missing.value.code, assistants.value.code) == ("not_found", "forbidden")
    assert [each.done for each in await read(here)] == [0]
    await here.do(RundownDo(ref=1, item=item))
    assert [each.done > 0 for each in await read(here)] == [True]


PLANNED: dict[str, tuple[dict[str, Any], str, str]] = {
    "sale": (
        {"sku": "mug", "price": 4900, "stock": 3, "per_user": 1, "hold_s": 60},
        "sales.open", "sales",
    ),
    "poll": (POLL, "polls.open", "polls"),
    "lucky": ({"title": "Mug", "prizes": 1}, "luckies.open", "luckies"),
    "coupon": (
        {"title": "Off", "quota": 5, "currency": "CNY", "percent": 10}, "coupons.open", "coupons"
    ),
    "auction": (
        {"sku": "mug", "opening": 100, "increment": 10, "lasts_s": 60, "hold_s": 60},
        "auctions.open", "auctions",
    ),
}  # fmt: skip
"""What items do, by their kind: the fields, the script that does it, and where that is kept."""


def fail_once(here: Rig, script: str, *, done: bool, error: Exception) -> None:
    """The next run of a script ends with an error, after it was done or before."""
    run = here.store.run_script

    async def failing(name: str, *rest: Any) -> Any:
        if name != script:
            return await run(name, *rest)
        here.store.run_script = run  # type: ignore[method-assign]
        if done:
            await run(name, *rest)
        raise error

    here.store.run_script = failing  # type: ignore[method-assign,assignment]


AWAY = CommandError("unavailable", "The store did not answer; the outcome is unknown.", 1000)


@pytest.mark.parametrize("kind", PLANNED)
@pytest.mark.parametrize("at", ["command", "rundown.settle"])
@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("error", [AWAY, RuntimeError("a fault")], ids=["away", "fault"])
async def test_who_presses_again_after_an_unknown_outcome_does_nothing_twice(
    here: Rig, kind: Any, at: str, done: bool, error: Exception
) -> None:
    does, script, key = PLANNED[kind]
    await here.do(ShelfPut(ref=1, product=MUG))
    item = await plan(here, kind=kind, title="It", does=does)
    fail_once(here, script if at == "command" else at, done=done, error=error)

    with pytest.raises(type(error)) as unknown:
        await here.do(RundownDo(ref=1, item=item))
    if isinstance(unknown.value, CommandError):
        assert unknown.value.msg.endswith("Do the item again: what was done is not done twice.")
    if not (at == "rundown.settle" and done):
        assert [each.done for each in await read(here)] == [0]
        await plan(here, kind=kind, title="Renamed", does=does, item=item)
        await here.do(RundownDo(ref=1, item=item))

    assert [each.done > 0 for each in await read(here)] == [True]
    assert len(set(await here.redis.hkeys(here.key(key))) - {b"newest"}) == 1
    with pytest.raises(CommandError) as refused:
        await here.do(RundownDo(ref=1, item=item))
    assert refused.value.code == "conflict"


async def test_what_is_marked_as_not_done_is_done_anew(here: Rig) -> None:
    does, _, key = PLANNED["coupon"]
    item = await plan(here, kind="coupon", title="It", does=does)
    fail_once(here, "rundown.settle", done=False, error=AWAY)
    with pytest.raises(CommandError):
        await here.do(RundownDo(ref=1, item=item))
    await here.do(RundownMark(ref=1, item=item, done=False))

    await here.do(RundownDo(ref=1, item=item))

    assert await here.redis.hlen(here.key(key)) == 2


async def test_a_refusal_that_could_not_be_noted_is_heard_once_more(here: Rig) -> None:
    item = await plan(here, kind="sale", title="Mug", does=PLANNED["sale"][0])
    fail_once(here, "rundown.settle", done=False, error=AWAY)
    for _ in range(2):
        with pytest.raises(CommandError) as missing:
            await here.do(RundownDo(ref=1, item=item))
        assert missing.value.code == "not_found"
        await here.do(ShelfPut(ref=1, product=MUG))

    await here.do(RundownDo(ref=1, item=item))


@pytest.mark.parametrize(
    ("kind", "does"),
    [
        ("poll", {"question": "Cold?", "options": ["Yes"]}),
        ("product", {}),
        ("product", {"sku": "mug", "price": 1}),
        ("sale", {"sku": "mug"}),
        ("note", {"sku": "mug"}),
    ],
)
def test_what_no_press_could_do_is_refused_when_it_is_planned(kind: Any, does: Any) -> None:
    with pytest.raises(CommandError) as refused:
        command_text(kind, does)
    assert refused.value.code == "bad_message"


def test_what_is_planned_is_the_command_that_is_sent() -> None:
    assert PollOpen.__struct_config__.tag == "poll.open"
    assert command_text("poll", {"question": "Cold?", "options": ["Yes", "No"]}) == (
        '{"question":"Cold?","options":["Yes","No"],"lasts_s":0}'
    )


async def test_a_new_room_begins_with_what_was_planned_in_the_one_it_is_copied_from(
    make_settings: MakeSettings,
) -> None:
    async with rig(make_settings(), "w1") as here:
        await here.create()
        first = await plan(here, at=4_000_000_000_000)
        await plan(here, kind="poll", title="Cold?", does=POLL, before=first)
        await here.do(RundownMark(ref=1, item=first, done=True))
        await here.directory.create(HOST, RoomCreate("next", "Next", shelf_from=ROOM))
        copied = await read(here, "next")
        plain = await read(here)
    assert [(it.kind, it.title, it.does, it.at, it.done) for it in copied] == [
        ("poll", "Cold?", POLL, 0, 0), ("note", "tea", {}, 0, 0)
    ]  # fmt: skip
    assert [it.done > 0 for it in plain] == [False, True]


async def test_a_rundown_has_a_bound(make_settings: MakeSettings) -> None:
    async with rig(make_settings(rooms={"rundown_items_max": 1}), "w1") as here:
        await here.create()
        item = await plan(here)
        with pytest.raises(CommandError) as full:
            await plan(here)
        with pytest.raises(CommandError) as gone:
            await plan(here, item="i0")
        assert (full.value.code, gone.value.code) == ("limit_reached", "not_found")
        await plan(here, item=item, title="cake")
        assert [each.title for each in await read(here)] == ["cake"]


@pytest.mark.parametrize("name", ["order", "ver"])
async def test_no_item_has_the_name_of_what_is_kept_beside_items(here: Rig, name: str) -> None:
    item = await plan(here)
    for cmd in (
        RundownMove(ref=1, item=name),
        RundownMove(ref=1, item=item, before=name),
        RundownRemove(ref=1, item=name),
        RundownMark(ref=1, item=name, done=True),
        RundownDo(ref=1, item=name),
        RundownPut(ref=1, kind="note", title="tea", item=name),
    ):
        with pytest.raises(CommandError) as missing:
            await here.do(cmd)
        assert missing.value.code == "not_found"
    assert [each.item for each in await read(here)] == [item]


ITEMS = st.lists(
    st.builds(
        RundownItem,
        item=st.just("i"),
        kind=st.just("note"),
        title=st.just("t"),
        at=st.sampled_from([0, 0, 0, 10_000_000, 20_000_000]),
        lasts_s=st.integers(0, 600),
    )
)


@given(ITEMS, st.integers(0, 10**9))
def test_an_item_starts_at_its_own_time_or_when_the_one_before_is_over(
    items: list[RundownItem], start: int
) -> None:
    over = start
    for item in with_times(items, start):
        assert item.planned == (item.at or over)
        over = item.planned + item.lasts_s * 1000 if item.planned else 0


@given(ITEMS, st.integers(-(10**6), 10**6))
def test_a_copied_plan_keeps_its_distances(items: list[RundownItem], shift: int) -> None:
    before, after = with_times(items, 10**8), with_times(moved_by(items, shift), 10**8 + shift)
    assert [each.planned + shift for each in before] == [each.planned for each in after]


def test_a_late_start_is_late_and_another_day_is_another_start() -> None:
    assert start_of(10**9, 10**9 + 240_000) == 10**9
    assert start_of(10**9, 10**9 + FAR_MS + 1) == 10**9 + FAR_MS + 1
    assert (start_of(0, 5), start_of(5, 0), start_of(0, 0)) == (5, 5, 0)
