"""Rooms from below: creating, phases, loading, the event stream, epochs."""

from typing import Any

import msgspec
import pytest

from server.features.phases.messages import PhaseEvent
from server.features.shelf.messages import Product
from server.features.stock.messages import Sale
from tests.store.script_room import CREATE, ScriptRoom, comment, product

SALE = {
    "sale": "s1", "sku": "tea", "title": "A tea", "price": 990, "currency": "CNY", "per_user": 2,
    "hold_s": 60, "starts": 1, "ends": 0, "n": 2,
}  # fmt: skip


async def test_a_new_room_is_scheduled_and_empty_and_nobody_is_told(room: ScriptRoom) -> None:
    assert (
        await room.tell("room_create", **CREATE | {"scheduled": 17, "stream_url": "/a.m3u8"}) == []
    )
    fields = await room.fields()
    created = int(fields.pop("created"))
    seconds, _ = await room.redis.time()
    assert abs(created // 1000 - seconds) <= 60
    assert fields == {
        "room": "r1", "title": "Tea", "host": "h1", "host_name": "Mei", "phase": "scheduled",
        "scheduled": "17", "stream_url": "/a.m3u8", "embed_url": "", "epoch": "e1", "seq": "0",
        "sub": "0", "likes": "0", "comments": "0", "online": "0", "viewers": "0", "slow_s": "0",
        "pin": "", "notice": "", "kind": "stream", "group": "", "followers": "0", "reserved": "0",
        "followers_only": "0", "selling": "0", "rules_ver": "0", "cover": "", "draft": "0",
        "practice": "0",
        "time_zone": "",
    }  # fmt: skip


async def test_a_room_cannot_be_created_twice(live: ScriptRoom) -> None:
    assert (await live.refused("room_create", **CREATE | {"title": "Mine"})).code == "conflict"


@pytest.mark.parametrize(
    ("script", "args"),
    [
        ("phases.set", {"phase": "live", "user": "h1"}),
        ("room_load", {"recent_max": 5}),
        ("room_events", {"from_seq": 0, "from_sub": 0, "count": 5}),
        ("comments.add", {"comments": [comment()], "recent_max": 5}),
        ("comments.remove", {"id": "c1"}),
        ("likes.add", {"n": 1}),
        ("shelf.put", {"product": product(), "products_max": 5}),
        ("shelf.remove", {"sku": "tea"}),
        ("shelf.pin", {"sku": ""}),
        ("notices.put", {"text": "hi"}),
        ("comments.slow", {"seconds": 5}),
        ("comments.mute", {"user": "u1", "seconds": 5}),
        ("presence.report", {"worker": "w", "now_count": 1, "viewers": ["u"], "stale_ms": 1000}),
        ("epoch_renew", {"epoch": "e1", "seq": 1, "sub": 0, "fresh": "e2"}),
        ("mine_of", {"users": ["u1"]}),
        ("room_delete", {}),
    ],
)
async def test_a_room_that_is_not_there_is_not_found_and_not_half_made(
    room: ScriptRoom, script: str, args: dict[str, object]
) -> None:
    assert (await room.refused(script, **args)).code == "not_found"


async def test_going_live_and_ending_are_told_with_the_time_they_happened(
    room: ScriptRoom,
) -> None:
    await room.create("scheduled")
    for seq, (phase, field) in enumerate([("live", "started"), ("ended", "ended")], 1):
        [message] = await room.tell("phases.set", phase=phase, user="h1")
        fields = await room.fields()
        event = {"t": "phase", "phase": phase, "at": int(fields[field]), "seq": seq}
        assert fields["phase"] == phase
        assert message == {
            "epoch": "e1",
            "before": [seq - 1, 0],
            "after": [seq, 0],
            "says": [[seq, 0, "", event]],
        }
        assert (await room.stream())[-1] == (f"{seq}-0", event, "")
        assert msgspec.convert(event, PhaseEvent).phase == phase


@pytest.mark.parametrize(
    ("now", "asked", "code"),
    [
        ("scheduled", "ended", "not_live"),
        ("scheduled", "scheduled", "conflict"),
        ("live", "live", "conflict"),
        ("live", "scheduled", "conflict"),
        ("ended", "live", "ended"),
        ("ended", "ended", "ended"),
    ],
)
async def test_a_phase_only_moves_forward_and_once(
    room: ScriptRoom, now: str, asked: str, code: str
) -> None:
    await room.create(now)
    assert (await room.refused("phases.set", phase=asked, user="h1")).code == code


async def test_loading_gives_all_of_a_room_as_plain_values(live: ScriptRoom) -> None:
    await live.run("shelf.put", product=product("tea", points=["fresh"]), products_max=9)
    await live.run("shelf.put", product=product("cup"), products_max=9)
    await live.run("shelf.pin", sku="cup")
    comments = [comment(text) for text in ("a", "b", "c")]
    await live.run("comments.add", comments=comments, recent_max=9)
    await live.run("comments.mute", user="u7", seconds=60)
    loaded = await live.run("room_load", recent_max=2)

    assert loaded["fields"]["title"] == "Tea"
    assert [loaded["fields"][name] for name in ("comments", "slow_s", "likes")] == [3, 0, 0]
    assert (loaded["fields"]["epoch"], loaded["fields"]["seq"]) == ("e1", 5)
    assert (loaded["fields"]["sub"], loaded["fields"]["pin"]) == (1, "cup")
    assert msgspec.convert(loaded["shelf"], list[Product])[0].points == ["fresh"]
    assert [p["sku"] for p in loaded["shelf"]] == ["tea", "cup"]
    assert [c["text"] for c in loaded["recent"]] == ["b", "c"]
    assert loaded["sales"] == []


async def test_a_text_that_looks_like_a_number_stays_a_text_when_loaded(room: ScriptRoom) -> None:
    await room.create("live", title="1e3", host="007", host_name="12")
    await room.run("notices.put", text="0x10")
    fields = (await room.run("room_load", recent_max=5))["fields"]
    assert [fields[k] for k in ("title", "host", "host_name", "notice")] == [
        "1e3", "007", "12", "0x10",
    ]  # fmt: skip


async def test_sales_are_loaded_as_the_wire_knows_them_in_the_order_they_were_opened(
    live: ScriptRoom,
) -> None:
    pack = msgspec.msgpack.encode
    counters = {"allocated": 9, "left": 4, "held": 3, "sold": 2, "ver": 8, "status": "open"}
    for sale in (SALE, SALE | {"sale": "s0", "n": 1}, SALE | {"sale": "s2", "n": 10}):
        await live.redis.hset(live.key("sales"), str(sale["sale"]), pack(sale))
        stock: Any = {f"{sale['sale']}:{name}": value for name, value in counters.items()}
        await live.redis.hset(live.key("stock"), mapping=stock)
    loaded = await live.run("room_load", recent_max=5)
    assert [sale["sale"] for sale in loaded["sales"]] == ["s0", "s1", "s2"]
    expected = {k: v for k, v in (SALE | counters).items() if k != "n"}
    assert loaded["sales"][1] == expected
    assert msgspec.convert(loaded["sales"][1], Sale).left == 4


async def test_loading_changes_nothing(live: ScriptRoom) -> None:
    before = await live.dump()
    await live.run("room_load", recent_max=5)
    await live.run("room_events", from_seq=0, from_sub=0, count=5)
    assert await live.dump() == before


async def test_a_lapsed_mute_is_not_loaded(live: ScriptRoom) -> None:
    await live.redis.hset(live.key("muted"), "u1", "1")
    assert "muted" not in await live.run("room_load", recent_max=5)


async def five_events(room: ScriptRoom) -> None:
    """Places (1,0) phase, (2,0) removed, (2,1) muted for u1, (2,2) muted for u2, (3,0) notice."""
    await room.run("comments.mute", user="u1", seconds=60)
    await room.run("comments.mute", user="u2", seconds=0)
    await room.run("notices.put", text="hi")


async def test_events_after_a_place_are_read_in_order_with_whom_they_are_for(
    live: ScriptRoom,
) -> None:
    await five_events(live)
    got = await live.run("room_events", from_seq=2, from_sub=0, count=100)
    assert [(seq, sub, user, event["t"]) for seq, sub, user, event in got["events"]] == [
        (2, 1, "u1", "muted"),
        (2, 2, "u2", "muted"),
        (3, 0, "", "notice"),
    ]
    assert (got["epoch"], got["seq"], got["sub"]) == ("e1", 3, 0)
    assert got["first"] == [1, 0]
    assert got["gap"] is False


async def test_more_events_than_asked_for_are_read_in_turns(live: ScriptRoom) -> None:
    await five_events(live)
    places: list[tuple[int, int]] = [(0, 0)]
    while places[-1] != (3, 0):
        seq, sub = places[-1]
        got = await live.run("room_events", from_seq=seq, from_sub=sub, count=2)
        assert got["gap"] is False
        places += [(seq, sub) for seq, sub, _, _ in got["events"]]
    assert places == [(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (3, 0)]


@pytest.mark.parametrize(
    ("place", "gap"), [((0, 0), True), ((1, 0), True), ((2, 0), False), ((2, 2), False)]
)
async def test_events_no_longer_kept_are_told_as_a_gap(
    live: ScriptRoom, place: tuple[int, int], gap: bool
) -> None:
    await five_events(live)
    await live.redis.xdel(live.key("events"), "1-0", "2-0")
    got = await live.run("room_events", from_seq=place[0], from_sub=place[1], count=100)
    assert got["gap"] is gap
    assert got["first"] == [2, 1]


async def test_a_lost_private_event_is_a_gap_too(live: ScriptRoom) -> None:
    await five_events(live)
    await live.redis.xdel(live.key("events"), "2-1")
    assert (await live.run("room_events", from_seq=2, from_sub=0, count=100))["gap"] is True


async def test_a_place_at_the_end_has_no_gap_even_when_nothing_is_kept(live: ScriptRoom) -> None:
    await five_events(live)
    await live.redis.delete(live.key("events"))
    assert (await live.run("room_events", from_seq=3, from_sub=0, count=9))["gap"] is False
    assert (await live.run("room_events", from_seq=2, from_sub=0, count=9))["gap"] is True


async def test_a_place_ahead_of_the_room_is_a_gap(live: ScriptRoom) -> None:
    got = await live.run("room_events", from_seq=9, from_sub=0, count=9)
    assert (got["events"], got["gap"], got["seq"]) == ([], True, 1)


async def test_old_events_are_trimmed_near_the_number_asked_for(live: ScriptRoom) -> None:
    for n in range(400):
        await live.run("notices.put", text=str(n), events_max=100)
    kept = await live.redis.xlen(live.key("events"))
    assert 100 <= kept < 300  # Redis trims whole nodes, of 100 entries by default


async def test_the_first_seq_after_a_failover_begins_a_new_epoch(live: ScriptRoom) -> None:
    """The new primary may lack events that viewers were told: no seq may stand for two of them."""

    texts = iter("abcd")

    async def epoch_of_next() -> str:
        [message] = await live.tell("notices.put", text=next(texts))
        assert message["epoch"] == (await live.fields())["epoch"]
        return str(message["epoch"])

    before = [await epoch_of_next(), await epoch_of_next()]
    await live.redis.execute_command("REPLICAOF", "127.0.0.1", 1)  # nobody is there
    await live.redis.execute_command("REPLICAOF", "NO", "ONE")
    after = [await epoch_of_next(), await epoch_of_next()]
    assert before == ["e1", "e1"]
    assert after[0] == after[1] != "e1"


async def test_a_room_behind_what_a_worker_told_gets_a_new_epoch_once(live: ScriptRoom) -> None:
    first = await live.run("epoch_renew", epoch="e1", seq=5, sub=0, fresh="e2")
    second = await live.run("epoch_renew", epoch="e1", seq=9, sub=0, fresh="e3")
    assert first == second == {"epoch": "e2", "seq": 1, "sub": 0}
    assert (await live.fields())["epoch"] == "e2"
    [message] = await live.tell("notices.put", text="hi")
    assert (message["epoch"], message["before"], message["after"]) == ("e2", [1, 0], [2, 0])


@pytest.mark.parametrize(
    ("seq", "sub", "renewed"),
    [(0, 9, False), (1, 1, False), (1, 2, False), (1, 3, True), (2, 0, True)],
)
async def test_an_epoch_is_renewed_only_when_the_room_is_behind(
    live: ScriptRoom, seq: int, sub: int, renewed: bool
) -> None:
    await live.run("comments.mute", user="u1", seconds=0)
    await live.run("comments.mute", user="u1", seconds=0)  # the room is at (1, 2) now
    got = await live.run("epoch_renew", epoch="e1", seq=seq, sub=sub, fresh="e2")
    assert got["epoch"] == ("e2" if renewed else "e1")
