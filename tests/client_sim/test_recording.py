import asyncio
import json
from pathlib import Path

import pytest

from client_sim.client import RoomClient
from client_sim.client.wire import Message
from client_sim.crowd import Crowd
from client_sim.recording import Recorder, read_recording, recording
from client_sim.replay import LEAD_S, script_of
from client_sim.tokens import CannotRun
from server.protocol.roles import Role
from tests.client_sim.conftest import QUICK, ROOM, Played, token
from tests.client_sim.histories import comment, joined, order, pin, sale, stock
from tests.client_sim.test_crowd import plan
from tests.running import Worker

MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}


async def recorded(*events: Message, keep_names: bool = False) -> list[Message]:
    recorder = Recorder(keep_names=keep_names)
    recorder.joined(None, joined(room={"shelf": [MUG]}))
    for event in events:
        recorder.event(event)
    return [json.loads(line) for line in recorder.take_lines().splitlines()]


def a_recording(path: Path, *events: tuple[int, Message], **room: object) -> Path:
    snapshot = joined(room={"shelf": [MUG]} | room)["room"]
    lines: list[Message] = [{"liveroom": 1, "room": snapshot}]
    lines += [{"ms": ms, "event": event} for ms, event in events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def acts(path: Path, speed: float = 1.0) -> list[tuple[float, str, Message]]:
    return [(step.at_s - LEAD_S, step.act, step.fields) for step in script_of(path, speed).steps]


async def test_a_recording_keeps_what_was_said_to_the_room_and_no_names() -> None:
    lines = await recorded(
        comment("c1", "bo"),
        {"t": "order", "order": order()},
        comment("c2", "cy"),
        comment("c3", "bo"),
    )

    said = [(line["event"]["user"], line["event"]["name"]) for line in lines[1:]]
    assert said == [("u1", "u1"), ("u2", "u2"), ("u1", "u1")]
    assert lines[0]["room"]["shelf"] == [MUG]


async def test_names_are_kept_when_asked_for() -> None:
    lines = await recorded(comment("c1", "bo"), keep_names=True)

    assert lines[1]["event"]["user"] == "bo"


async def test_events_missed_while_away_are_recorded() -> None:
    recorder = Recorder(keep_names=False)
    recorder.joined(None, joined())

    recorder.joined(None, joined(seq=6, missed=[pin(6)]))

    assert json.loads(recorder.take_lines().splitlines()[-1])["event"] == pin(6)


async def test_a_room_s_events_are_in_the_file_when_recording_ends(
    worker: Worker, host: RoomClient, tmp_path: Path
) -> None:
    path = tmp_path / "room.jsonl"
    async with (
        recording(path, keep_names=False) as recorder,
        RoomClient(
            worker.url, ROOM, token("eve", Role.ADMIN), observer=recorder, options=QUICK
        ) as eve,
    ):
        await host.pin("mug")
        await host.comment("晚上好")
        async for event in eve.events():
            if event["t"] == "comment":
                break

    _, events = await asyncio.to_thread(read_recording, path)
    assert [event["t"] for _, event in events if event["t"] != "online"] == ["pin", "comment"]


async def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="Can't record to"):
        async with recording(tmp_path / "none" / "room.jsonl", keep_names=False):
            pass


@pytest.mark.parametrize("text", ["", "{}\n", "what\n", "[1]\n", '{"liveroom": 2}\n'])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "room.jsonl"
    path.write_text(text)

    with pytest.raises(CannotRun, match="is not a recording"):
        read_recording(path)


def test_half_a_line_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = a_recording(tmp_path / "r", (5, pin(6)))
    path.write_text(path.read_text() + '{"ms": 7, "ev')

    assert read_recording(path)[1] == [(5, pin(6))]


def test_a_replay_says_the_same_at_the_same_time(tmp_path: Path) -> None:
    path = a_recording(
        tmp_path / "r",
        (1000, comment("c1", "u1", "求链接")),
        (2000, comment("c2", "u2", "hi")),
        (3000, comment("c3", "u1", "谢谢") | {"role": "host"}),
    )

    assert acts(path, speed=2.0) == [
        (0.5, "say", {"first": 0, "people": 1, "text": "求链接"}),
        (1.0, "say", {"first": 1, "people": 1, "text": "hi"}),
        (1.5, "say", {"text": "谢谢"}),
    ]


def test_a_replay_sells_and_buys_as_much(tmp_path: Path) -> None:
    path = a_recording(
        tmp_path / "r",
        (0, {"t": "sale", "seq": 6, "sale": sale()}),
        (1000, stock(2, 7, 3, 0)),
        (2000, stock(3, 7, 1, 2)),
        (3000, {"t": "sale", "seq": 7, "sale": sale(4, 12, 1, 2, allocated=15)}),
        (4000, stock(5, 13, 0, 2)),
        (5000, {"t": "sale", "seq": 8, "sale": sale(6, 13, 0, 2, allocated=15, status="closed")}),
    )
    terms = {"sku": "mug", "price": 8900, "per_user": 2, "hold_s": 60}

    assert acts(path) == [
        (0, "sale.open", {"name": "s1", "stock": 10} | terms),
        (1, "buy", {"first": 0, "people": 3, "sale": "s1", "pay": pytest.approx(2 / 3)}),
        (3, "sale.restock", {"sale": "s1", "add": 5}),
        (5, "sale.close", {"sale": "s1"}),
    ]


def test_a_replay_lowers_a_stock_and_knows_it_from_a_return(tmp_path: Path) -> None:
    path = a_recording(
        tmp_path / "r",
        (0, {"t": "sale", "seq": 6, "sale": sale()}),
        (1000, stock(2, 7, 1, 2)),
        (2000, {"t": "sale", "seq": 7, "sale": sale(3, 7, 1, 1, allocated=9)}),
        (2000, stock(3, 7, 1, 1)),
        (3000, {"t": "sale", "seq": 8, "sale": sale(4, 2, 1, 1, allocated=4)}),
    )

    assert [step for step in acts(path) if step[1].startswith("sale.")][1:] == [
        (3, "sale.restock", {"sale": "s1", "stock": 4}),
    ]


def test_a_replay_sends_as_many_hearts(tmp_path: Path) -> None:
    path = a_recording(tmp_path / "r", (0, {"t": "likes", "total": 130}), likes=10)

    assert [fields["n"] for _, _, fields in acts(path)] == [50, 50, 20]


def test_a_replay_does_what_the_host_did(tmp_path: Path) -> None:
    events: list[Message] = [
        {"t": "shelf", "put": MUG},
        {"t": "shelf", "remove": "mug"},
        {"t": "pin", "sku": "mug"},
        {"t": "pin", "sku": None},
        {"t": "notice", "text": "包邮"},
        {"t": "room", "slow_s": 5},
        {"t": "online", "now": 1, "total": 2},
        {"t": "weather"},
        {"t": "phase", "phase": "ended", "at": 9},
    ]
    path = a_recording(tmp_path / "r", *((0, event) for event in events))

    assert [(act, fields) for _, act, fields in acts(path)] == [
        ("shelf.put", {"product": MUG}),
        ("shelf.remove", {"sku": "mug"}),
        ("pin", {"sku": "mug"}),
        ("unpin", {}),
        ("notice", {"text": "包邮"}),
        ("slow", {"seconds": 5}),
        ("live.end", {}),
    ]


def test_a_sale_that_was_open_already_is_opened_with_what_was_left(tmp_path: Path) -> None:
    path = a_recording(tmp_path / "r", sales=[sale(9, 4, 1, 5), sale(status="closed")])

    (_, act, fields) = acts(path)[0]
    assert (act, fields["stock"], len(acts(path))) == ("sale.open", 4, 1)


@pytest.mark.long("plays an evening, twice")
async def test_an_evening_can_be_played_again(
    worker: Worker, played: Played, tmp_path: Path
) -> None:
    path = tmp_path / "room.jsonl"
    async with recording(path, keep_names=False) as recorder:
        first = Crowd(plan(worker.url, viewers=10, seconds=3.0), recorder)
        await first.play_evening()
    script = await asyncio.to_thread(script_of, path, 2.0)

    again = Crowd(plan(worker.url, room="again", viewers=10, script=script, seconds=script.seconds))
    await again.play_evening()

    assert again.findings.passed, again.findings.sentences
    said, said_again = (crowd.tally.replies["comment"]["ok"] for crowd in (first, again))
    assert said_again >= said * 0.7  # twice as fast, some meet the rate limit
