"""What hosts do stands in the timeline, written by the script that does it."""

from pathlib import Path
from typing import Any

from server.house import HOUSE
from server.rooms import timeline
from server.store.room_store import RoomStore
from tests.store.script_room import ScriptRoom, product

ROOT = Path(__file__).parents[2]


def ms_of(place: str) -> int:
    """The time at which the fact with this id was recorded (Unix ms)."""
    return int(place.split("-", maxsplit=1)[0])


async def facts(room: ScriptRoom) -> list[dict[str, Any]]:
    """The timeline of the room, without its times."""
    pages = [page async for page in timeline.read(room.store, room.id)]
    return [{k: v for k, v in fact.items() if k != "at"} for page in pages for _, fact in page]


async def test_phases_shelf_pin_and_notice_are_facts_with_who_did_it(room: ScriptRoom) -> None:
    await room.create("scheduled")
    await room.run("shelf.put", product=product("tea"), products_max=9, by="h1")
    await room.run("phases.set", phase="live", by="h1")
    await room.run("shelf.pin", sku="tea", by="h1")
    await room.run("notices.put", text="满减", by="m1")
    await room.run("shelf.remove", sku="tea", by="h1")
    await room.run("phases.set", phase="ended", by="h1")

    assert await facts(room) == [
        {"k": "shelf", "put": product("tea"), "by": "h1"},
        {"k": "phase", "phase": "live", "by": "h1"},
        {"k": "pin", "sku": "tea", "title": "A tea", "price": 1990, "currency": "CNY", "by": "h1"},
        {"k": "notice", "text": "满减", "by": "m1"},
        {"k": "pin", "sku": "", "by": "h1"},
        {"k": "shelf", "remove": "tea", "by": "h1"},
        {"k": "phase", "phase": "ended", "by": "h1"},
    ]


async def test_a_pin_that_is_no_news_is_no_fact(live: ScriptRoom) -> None:
    await live.run("shelf.put", product=product("tea"), products_max=9)
    await live.run("shelf.pin", sku="")
    await live.run("shelf.pin", sku="tea")
    await live.run("shelf.pin", sku="tea")

    assert [fact["k"] for fact in await facts(live)] == ["phase", "shelf", "pin"]


async def test_a_timeline_is_read_from_a_fact_or_between_two_times(live: ScriptRoom) -> None:
    for n in range(1100):
        await live.run("notices.put", text=str(n))
    pages = [page async for page in timeline.read(live.store, live.id)]
    everything = [entry for page in pages for entry in page]
    place, fact = everything[700]
    at = ms_of(place)

    after = [e async for page in timeline.read(live.store, live.id, after=place) for e in page]
    before = [e async for page in timeline.read(live.store, live.id, to_ms=at) for e in page]
    since = [e async for page in timeline.read(live.store, live.id, from_ms=at) for e in page]

    assert len(pages) > 1
    assert [f["text"] for _, f in everything[1:]] == [str(n) for n in range(1100)]
    assert (fact["text"], after) == ("699", everything[701:])
    assert before + since == everything
    assert [ms_of(p) >= at for p, _ in (*before[-1:], *since)] == [
        False,
        *[True] * len(since),
    ]


async def test_a_room_that_is_not_there_has_no_facts(store: RoomStore) -> None:
    assert [page async for page in timeline.read(store, "nowhere")] == []


def test_a_script_that_records_has_both_streams_at_hand() -> None:
    recording = [script for script in HOUSE.library.scripts.values() if "timeline" in script.keys]
    assert len(recording) > 20
    assert [script.name for script in recording if "actions" not in script.keys] == []
