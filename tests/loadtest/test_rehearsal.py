"""Whole rehearsals: locust against a real server, sound or broken, and the verdict on it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loadtest import launch
from loadtest.loading import load_scenario

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.blocking_allowed,
    pytest.mark.long("plays a sale of many seconds with locust"),
]

SMALL = """
title = "A small sale"
calm_s = 3

[crowd]
buyer = 8
viewer = 3
lurker = 2

[[stage]]
until_s = 14
users = 40
spawn_per_s = 40

[[host]]
at_s = 2
do = "sale"
stock = 12
hold_s = 20

[[burst]]
from_s = 0
until_s = 14
times = 4

[[drop]]
at_s = 8
share = 0.3
spread_s = 1

[criteria]
error_rate_max = 0.2      # commands that the drop cut off
reply_p99_ms = { buy = 20000 }
push_p99_ms = { sample = 20000, must = 20000 }
"""

HOUSE = """
title = "A house of two rooms, which sells in yen"
rooms = 2
currency = "JPY"
calm_s = 4

[crowd]
buyer = 8
viewer = 8

[[stage]]
until_s = 18
users = 40
spawn_per_s = 40

[[host]]
at_s = 2
do = "coupon"
amount = 1000
floor = 2000
quota = 9

[[host]]
at_s = 5
every_s = 3
until_s = 9
do = "sale"
price = 50000
stock = 30

[[host]]
at_s = 3
do = "poll"
options = ["mug", "sofa"]

[[host]]
at_s = 3
do = "lucky"

[[host]]
at_s = 12
do = "draw"

[[host]]
at_s = 10
do = "answer"

[[burst]]
from_s = 0
until_s = 18
times = 8

[criteria]
orders_per_hour_min = 1000
gmv_per_hour_min = 50000000
error_rate_max = 0
reply_p99_ms = { "coupon.claim" = 20000, vote = 20000, "lucky.enter" = 20000, "lucky.draw" = 20000 }
push_p99_ms = { order = 20000 }
"""

Rehearse = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def rehearse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rehearse:
    """Run SMALL, or another text, against a server; its exit code, its report, what it printed."""

    def run(
        *program: str, flags: tuple[str, ...] = (), text: str = SMALL
    ) -> tuple[int, dict[str, Any], str]:
        path = tmp_path / "small.toml"
        path.write_text(text, encoding="utf-8")
        scenario = load_scenario(str(path))
        with launch.own_server(scenario, program=program or ("-m", "server")) as server:
            ran = subprocess.run(
                [
                    sys.executable, "-m", "loadtest", "load", str(path), "--url", server.url,
                    "--server-pid", str(server.pid), "--audit", server.audit,
                    "--platform-fee", str(server.platform_fee),
                    "--report", str(tmp_path / "report"), *flags,
                ],
                env={**os.environ, "LIVEROOM_LOAD_SECRET": server.secret},
                capture_output=True,
                text=True,
                check=False,
            )  # fmt: skip
        report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
        page = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert page.startswith("<!doctype html>")
        assert "src=" not in page, "the page needs nothing but itself"
        assert report["title"] in page
        return ran.returncode, report, ran.stdout + ran.stderr

    return run


def failed(report: dict[str, Any]) -> set[str]:
    return {line["what"] for line in report["verdict"] if not line["passed"]}


@pytest.mark.torture("a whole rehearsal more: `.ci/run` plays one of its own")
def test_a_sound_server_passes_through_a_sale_and_a_broken_network(rehearse: Rehearse) -> None:
    code, report, said = rehearse()

    assert code == 0, said
    assert report["passed"], report["verdict"]
    assert report["orders"]["told_ok"] >= 12
    assert report["orders"]["told_refused"] > 0
    assert "agree" in report["verdict"][0]["measured"], "the server's own audit was asked"
    looked = report["verdict"][1]
    assert (looked["what"], looked["limit"]) == ("Looked at", "some events, comments, buys")
    assert report["counts"]["audit.expected"] > 0
    assert {"reply.buy", "push.sample", "push.must", "push.order"} <= report["latencies"].keys()
    for seen in ("server_memory_mb", "server_cpu", "server_loop_lag_ms"):
        assert any(point.get(seen) for point in report["curve"]), seen
    assert 0 < report["own_clock_p99_ms"]["buy"] < 60_000
    assert "PASSED: A small sale" in said


@pytest.mark.torture("a whole rehearsal more")
def test_several_processes_count_as_one(rehearse: Rehearse) -> None:
    code, report, said = rehearse(flags=("--processes", "2"))

    assert code == 0, said
    assert report["harness"]["processes"] == 2
    assert report["orders"]["told_ok"] >= 12
    assert report["counts"]["ok.join"] >= 40


@pytest.mark.torture("a whole rehearsal more")
def test_a_house_of_several_rooms_is_hosted_sold_in_and_judged_as_a_whole(
    rehearse: Rehearse,
) -> None:
    code, report, said = rehearse(text=HOUSE)
    counts = report["counts"]
    lines = {line["what"]: line for line in report["verdict"]}

    assert code == 0, said
    rooms = {sale["room"] for sale in report["sales"]}
    assert len(rooms) == 2
    assert len(lines) == len(report["verdict"]), "each criterion is one line, for all rooms"
    assert all(room in report["verdict"][0]["measured"] for room in rooms), "each was audited"
    assert all(any(s["got"] for s in report["sales"] if s["room"] == room) for room in rooms)
    for op in ("coupon.claim", "vote", "lucky.enter"):
        assert counts[f"ok.{op}"] > 0, op
    assert counts["ok.coupon.open"] == counts["ok.lucky.draw"] == 2
    assert counts["ok.claims_used"] > 0
    assert lines["Paid orders an hour"]["passed"]
    assert lines["GMV paid an hour"]["passed"]
    assert "orders an hour" in report["takings"]
    assert "0 JPY in " in report["takings"], "yen have no decimals"
    assert lines["GMV paid an hour"]["limit"] == "≥ 50,000,000 JPY"
    assert report["size"].startswith("40 viewers")


def test_a_server_that_sells_one_unit_too_many_fails(rehearse: Rehearse) -> None:
    code, report, said = rehearse(str(Path(__file__).with_name("broken_server.py")), "oversell")

    assert code == 1, said
    assert "Oversold" in failed(report)


@pytest.mark.torture("a whole rehearsal more")
def test_a_server_that_loses_one_order_after_ok_fails(rehearse: Rehearse) -> None:
    code, report, said = rehearse(str(Path(__file__).with_name("broken_server.py")), "drop")

    assert code == 1, said
    assert "Orders lost after ok" in failed(report)


@pytest.mark.torture("a whole rehearsal more")
def test_a_server_that_tells_no_buyer_of_their_order_fails(rehearse: Rehearse) -> None:
    code, report, said = rehearse(str(Path(__file__).with_name("broken_server.py")), "untold")

    assert code == 1, said
    assert report["orders"]["told_ok"] > 0
    assert "Orders that no event told to their buyer" in failed(report)


@pytest.mark.torture("a whole rehearsal more")
def test_a_server_that_shares_a_fen_wrongly_fails(rehearse: Rehearse) -> None:
    code, report, said = rehearse(str(Path(__file__).with_name("broken_server.py")), "skim")

    assert code == 1, said
    assert failed(report) == {"Orders shared wrongly"}


@pytest.mark.torture("a whole rehearsal more")
def test_a_server_whose_redis_refuses_to_write_orders_fails(rehearse: Rehearse) -> None:
    code, report, said = rehearse(str(Path(__file__).with_name("broken_server.py")), "unavailable")

    assert code == 1, said
    assert report["orders"]["told_ok"] == 0
    assert "Commands that failed" in failed(report)
    assert "Traceback" not in said
