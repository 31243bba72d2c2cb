"""The crowd against servers whose scripts were tampered with: the checks notice."""

import pytest

from client_sim.crowd import Crowd
from server.settings import Settings
from server.store import scripts
from tests.client_sim.conftest import running
from tests.client_sim.test_crowd import plan

SABOTAGE = {
    "units that are held stay for sale": (
        "order_buy",
        "shift(sale, 'left', 'held', line.qty)",
        "",
        "not_oversold",
    ),
    "an order is left out of its buyer's list": (
        "order_buy",
        "ids[#ids + 1] = buy.order",
        "",
        "orders_kept",
    ),
}


@pytest.mark.parametrize("what", SABOTAGE)
async def test_a_broken_server_fails_the_check_for_it(
    what: str, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, right, wrong, check = SABOTAGE[what]
    loaded = scripts.load_all()
    text = loaded[name].text.replace(right, wrong)
    assert text != loaded[name].text, "the script no longer has the line to tamper with"
    loaded[name] = loaded[name]._replace(text=text, sha=scripts._sha(text))
    monkeypatch.setattr(scripts, "load_all", lambda: loaded)

    async with running(server_settings, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=40, seconds=4.0))
        await crowd.run()

    assert crowd.findings.failed[check] > 0, crowd.findings.sentences
