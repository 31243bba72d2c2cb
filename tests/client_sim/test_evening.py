"""One evening of a host, with all that a community brings, and nothing wrong at its end."""

import pytest

from client_sim.checks import CHECKS, MARKET
from client_sim.crowd import Crowd
from client_sim.script import Script, read_script
from tests.client_sim.conftest import Played
from tests.client_sim.test_crowd import plan
from tests.client_sim.test_script import SCRIPTS
from tests.running import Worker

NOT_LOOKED_AT = {"leak"} | MARKET
"""Checks of a soak, and of merchants' goods."""


@pytest.fixture
def evening() -> Script:
    """The evening that comes along, at twice its pace; read before the loop runs."""
    return read_script(SCRIPTS / "evening.toml").faster(2)


@pytest.mark.long("plays an evening")
async def test_an_evening_with_all_that_a_community_brings_passes_every_check(
    worker: Worker, evening: Script, played: Played
) -> None:
    room = plan(worker.url, room="evening", viewers=40, script=evening, seconds=evening.seconds)
    crowd = Crowd(room)

    reckoning = await crowd.play_evening()

    assert crowd.findings.passed, crowd.findings
    assert crowd.notes == []
    assert {name for name in CHECKS if not crowd.findings.looked[name]} == NOT_LOOKED_AT
    orders = reckoning.orders.values()
    assert any(order.get("replay") for order in orders)
    assert any(order.get("claim") for order in orders)
