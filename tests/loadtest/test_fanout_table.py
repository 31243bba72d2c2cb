"""What the benchmark prints: it must not flatter anybody, us least."""

import xml.etree.ElementTree as ET
from dataclasses import replace

from loadtest.fanout.goals import goals
from loadtest.fanout.measure import Result
from loadtest.fanout.picture import picture
from loadtest.fanout.rates import rates_picture
from loadtest.fanout.table import table

GOOD = Result(
    key="ours", title="Liveroom, JSON", row="200x2000", rate_per_s=200, viewers=2000,
    delivered_per_s=400_000, reached=1.0, cpu_us=0.61, redis_us=0.02, server_cpu=0.25,
    p50_ms=41.0, p99_ms=90.0, max_ms=120.0, memory_kb=4.0, joins_per_s=3000,
    bytes_per_comment=155, closed=0, client="C", client_cpu=0.3, others_cpu=0.0,
)  # fmt: skip
PEER = replace(GOOD, key="ws", title="ws <Node>", cpu_us=9.8, reached=0.25)


def test_a_run_that_the_load_client_limited_is_marked_and_explained() -> None:
    text = table([replace(GOOD, client_cpu=0.95)])

    assert "Liveroom, JSON*" in text
    assert "* The load client's core" in text
    assert "*" not in table([GOOD])


def test_a_run_that_other_programs_disturbed_is_marked_and_explained() -> None:
    text = table([replace(GOOD, others_cpu=0.5)])

    assert "Liveroom, JSON!" in text
    assert "! Other programs" in text


def test_a_server_that_delivered_nothing_has_dashes_instead_of_numbers() -> None:
    nothing = replace(
        GOOD, cpu_us=None, redis_us=None, p50_ms=None, p99_ms=None, max_ms=None,
        bytes_per_comment=None, delivered_per_s=0, reached=0,
    )  # fmt: skip

    assert " - " in table([nothing])
    assert "nothing delivered" in picture([nothing])


def test_the_picture_is_xml_and_says_who_fell_short() -> None:
    drawn = picture([GOOD, PEER])

    ET.fromstring(drawn)
    assert "25% delivered" in drawn
    assert "ws &lt;Node&gt;" in drawn


def test_the_picture_of_rates_has_a_line_for_each_server_and_says_who_fell_short() -> None:
    rates = (1, 30, 1000)
    ours = [replace(GOOD, rate_per_s=rate, p50_ms=5.0 + rate / 20) for rate in rates]
    slow = [replace(PEER, rate_per_s=rate, p50_ms=None if rate > 30 else 9.0) for rate in rates]

    drawn = rates_picture([*ours, *slow])

    ET.fromstring(drawn)
    assert drawn.count("<circle") == 2 * len(ours) + len(slow) + 2
    assert "ws &lt;Node&gt;, 30/s: 9.00" in drawn
    assert drawn.count('fill="#d9a13b"><title>') == len(slow) + 2
    ET.fromstring(rates_picture([]))
    ET.fromstring(rates_picture(ours[:1]))


def test_goals_are_judged_beside_the_peers_of_the_same_run() -> None:
    ours = replace(GOOD, row="30x2000", cpu_us=5.0, p50_ms=12.0)
    uws = replace(ours, key="uws", cpu_us=6.0)
    quiet = replace(GOOD, row="1x2000", cpu_us=12.0)
    aiohttp = replace(quiet, key="aiohttp", cpu_us=11.0)

    met = {goal.what: goal.met for goal in goals([ours, uws, quiet, aiohttp])}

    assert met == {
        "30x2000: at most 0.9 of uWebSockets' CPU": True,
        "30x2000: p50 at most 20 ms": True,
        "1x2000: at most aiohttp's CPU": False,
    }
