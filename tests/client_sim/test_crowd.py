"""Whole evenings, on a real server, and what the report says about them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from client_sim import crowd as crowd_module
from client_sim.__main__ import main
from client_sim.arguments import read_arguments
from client_sim.checks import CHECKS, COMMUNITY, MARKET, Findings
from client_sim.client import RoomClient
from client_sim.client.state import RoomState
from client_sim.client.wire import Message, Wire
from client_sim.crowd import Crowd, Plan, clock_ahead_ms
from client_sim.people import Habits
from client_sim.reckoning import difference
from client_sim.report import report
from client_sim.rest import Rest
from client_sim.script import Script
from client_sim.tally import Latency, Tally
from client_sim.tokens import CannotRun, read_secret
from server.protocol.roles import Role
from tests.client_sim.conftest import HOST, ROOM, Cutter, Enter, token
from tests.client_sim.histories import comment, joined, order, sale
from tests.conftest import JWT_SECRET, MakeSettings
from tests.running import Worker, running


def plan(*urls: str, **more: object) -> Plan:
    fixed = {"room": "evening", "secret": JWT_SECRET, "wires": tuple(Wire), "seconds": 10.0}
    return Plan(urls=urls, **fixed | more)  # type: ignore[arg-type]


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.02)


@pytest.fixture
def until_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evening has the pace its length gives it, and lasts until it is told to stop."""

    async def wait(over: asyncio.Event, _: float | None) -> bool:
        return await over.wait()

    monkeypatch.setattr(crowd_module, "set_within", wait)


WHAT_MAY_TAKE_A_WHILE = {
    *("all_comments", "likes_forward", "stock_forward", "fair_draw"),
    *("one_key_one_order", "orders_kept", "orders_forward", "nothing_unasked"),
}


@pytest.mark.long("plays an evening")
async def test_an_evening_of_thirty_viewers_on_two_workers_passes_every_check(
    until_stopped: None, worker: Worker, second_worker: Worker
) -> None:
    crowd = Crowd(plan(worker.url, second_worker.url, viewers=30))

    evening = asyncio.ensure_future(crowd.play_evening())
    await asyncio.sleep(8)  # so much happens that it is worth looking at
    await until(lambda: set(crowd.findings.looked) >= WHAT_MAY_TAKE_A_WHILE)
    await until(lambda: crowd.tally.replies["buy"]["ok"] > 0)
    crowd.stop()
    reckoning = await evening

    assert crowd.findings.passed, crowd.findings
    assert crowd.tally.replies["buy"]["ok"] > 0
    assert len(reckoning.orders) == crowd.tally.replies["buy"]["ok"]
    assert reckoning.notes == []
    assert set(crowd.findings.looked) >= set(CHECKS) - COMMUNITY - MARKET - {"leak"}


@pytest.mark.long("plays an evening")
async def test_cut_wires_fail_no_check(until_stopped: None, cutter: Cutter) -> None:
    crowd = Crowd(plan(cutter.url, viewers=10, seconds=6.0))

    async with asyncio.TaskGroup() as group:
        evening = group.create_task(crowd.play_evening())
        for joins in (8, 14, 20):

            def so_many(joins: int = joins) -> bool:
                return crowd.tally.joins >= joins

            await until(so_many)
            cutter.cut()
        await until(lambda: crowd.tally.resumes > 0)
        crowd.stop()
        await evening

    assert crowd.findings.passed, crowd.findings
    assert crowd.tally.resumes > 0


async def test_comments_that_were_left_out_are_accounted_for(
    until_stopped: None, make_settings: MakeSettings
) -> None:
    tight = make_settings(hub={"sample_per_s_max": 2})

    async with running(tight, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=25, seconds=5.0))
        evening = asyncio.ensure_future(crowd.play_evening())
        await until(lambda: crowd.tally.events["gap"] > 0)
        crowd.stop()
        await evening

    assert crowd.findings.passed, crowd.findings
    assert crowd.tally.events["gap"] > 0
    assert crowd.findings.looked["comments_counted"] > 0


async def test_a_run_without_end_stops_when_told_and_leaves_the_room_open(worker: Worker) -> None:
    crowd = Crowd(plan(worker.url, viewers=3, seconds=0.0))
    evening = asyncio.ensure_future(crowd.play_evening())
    await until(lambda: crowd.tally.replies.get("pin") is not None)

    crowd.stop()
    await evening

    assert crowd.findings.passed, crowd.findings
    async with Rest(worker.url, token(HOST, Role.HOST)) as rest:
        assert (await rest.room("evening") or {})["phase"] == "live"


@pytest.mark.long("plays an evening")
async def test_a_crowd_leaves_the_hosting_of_a_live_room_to_its_host(worker: Worker) -> None:
    first = Crowd(plan(worker.url, viewers=4, seconds=0.0))
    evening = asyncio.ensure_future(first.play_evening())
    await until(lambda: first.tally.replies.get("sale.open") is not None)

    second = Crowd(plan(worker.url, viewers=4, seconds=3.0, seed=2))
    await second.play_evening()

    assert second.findings.passed, second.findings
    assert second.notes == ["Room evening was live already: viewers only, as with --no-host."]
    assert "pin" not in second.tally.replies
    async with Rest(worker.url, token(HOST, Role.HOST)) as rest:
        assert (await rest.room("evening") or {})["phase"] == "live"
    first.stop()
    await evening
    assert first.findings.passed, first.findings


async def test_a_script_does_not_play_in_a_room_that_is_live(
    worker: Worker, host: RoomClient
) -> None:
    script = Script(title="t", seconds=1.0, steps=(), products=())

    with pytest.raises(CannotRun, match=r"live already.*--take-over"):
        await Crowd(plan(worker.url, room=ROOM, viewers=1, script=script)).play_evening()


async def test_a_run_without_end_is_over_when_the_room_is_ended(
    worker: Worker, host: RoomClient
) -> None:
    crowd = Crowd(plan(worker.url, room=ROOM, viewers=3, seconds=0.0))
    evening = asyncio.ensure_future(crowd.play_evening())
    await until(lambda: crowd.tally.joins > 0)

    await host.live_end()

    await evening


def test_people_are_new_in_each_run_unless_a_seed_is_given() -> None:
    def seed(*arguments: str) -> int:
        return read_arguments(["--secret", JWT_SECRET, *arguments]).plan.seed

    assert seed() != seed()
    assert seed("--seed", "7") == 7


async def test_an_ended_room_can_not_be_played_in(worker: Worker, host: RoomClient) -> None:
    await host.live_end()

    with pytest.raises(CannotRun, match="has ended: name another one with --room"):
        await Crowd(plan(worker.url, room=ROOM, viewers=1)).play_evening()


async def test_the_server_s_clock_is_ours_when_both_run_here(enter: Enter) -> None:
    ann = await enter("ann")

    assert abs(await clock_ahead_ms(ann)) < 30_000


def test_without_a_server_it_says_so_and_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--url", "http://127.0.0.1:9", "--secret", JWT_SECRET])

    told = capsys.readouterr().err
    assert status == 2
    assert told.startswith(
        "No server answers at http://127.0.0.1:9 (Connection refused): start one"
    )
    assert len(told.splitlines()) == 1


def test_without_a_secret_it_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="--data-dir, or its secret by --secret"):
        read_secret(None, str(tmp_path))


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="at least 32 bytes"):
        read_secret("short", str(tmp_path))


def test_the_secret_of_a_development_server_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "jwt_secret").write_text(JWT_SECRET + "\n")

    assert read_secret(None, str(tmp_path)) == JWT_SECRET


def test_the_same_seed_gives_the_same_people() -> None:
    def people(seed: int) -> list[Habits]:
        return [Habits.draw(Random(f"{seed}:{i}"), 60) for i in range(20)]

    assert people(1) == people(1)
    assert people(1) != people(2)


def test_people_write_in_three_languages() -> None:
    drawn = [Habits.draw(Random(i), 60).language for i in range(300)]

    assert drawn.count("zh") > drawn.count("en") > drawn.count("fr") > 0


def test_a_report_shows_the_failure_and_ends_with_the_verdict() -> None:
    findings, tally = Findings(), Tally()
    findings.see("not_oversold", False, "the reckoning", "sale s1: 11 units of 10")
    tally.answered({"op": "buy"}, {"t": "err", "code": "sold_out"}, 0.0021)

    text = report("Room r", tally, findings, [order(status="expired")], ["A note."])

    assert "1 sold_out" in text
    assert "lapsed (expired)" in text
    assert "  the reckoning: sale s1: 11 units of 10" in text
    assert "A note." in text
    assert text.endswith("FAILED: not_oversold.")


def test_a_latency_s_quantile_is_the_time_that_share_was_within() -> None:
    times = Latency()
    for ms in range(1, 101):
        times.add(float(ms))

    assert (times.quantile(0.5), times.quantile(0.99), times.quantile(1)) == (50, 99, 100)
    assert Latency().quantile(0.99) == 0


@pytest.mark.parametrize(
    ("folded", "fresh", "differs"),
    [
        ({}, {}, 0),
        ({"online": 3}, {"online": 4}, 0),
        ({"likes": 3}, {"likes": 4}, 1),
        ({"sales": [sale(2, 9, 1)]}, {"sales": [sale(3, 9, 0, 1)]}, 1),
        ({"comments": [comment("a"), comment("b")]}, {"comments": [comment("b")]}, 0),
        ({"comments": [comment("a")]}, {"comments": [comment("b")]}, 1),
    ],
)
def test_a_folded_room_is_compared_with_a_snapshot(
    folded: Message, fresh: Message, differs: int
) -> None:
    def view(room: Message) -> Message:
        state = RoomState()
        state.joined(joined(room=room))
        return state.view

    assert len(difference(view(folded), view(fresh), all_comments=True)) == differs


def test_comments_are_not_compared_where_some_were_left_out() -> None:
    folded, fresh = RoomState().view, RoomState().view
    folded["comments"], fresh["comments"] = [comment("a")], [comment("b")]

    assert difference(folded, fresh, all_comments=False) == []
