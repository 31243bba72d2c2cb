"""The crowd against servers whose scripts forget to write something: the checks notice."""

import pytest

from client_sim.crowd import Crowd
from client_sim.people import Manner
from client_sim.script import Script, Step
from server.house import HOUSE
from server.settings import Settings
from server.store.script_library import sha_of
from tests.client_sim.conftest import Played
from tests.client_sim.test_crowd import plan
from tests.running import running

FORGET = """
local redis = setmetatable({ call = function(...)
  local command, key = ...
  if (command == 'HSET' or command == 'HINCRBY') and key:sub(-#':%(key)s') == ':%(key)s' then
    return 1
  end
  return redis.call(...)
end }, { __index = redis })
"""
SALE = {"name": "flash", "sku": "mug-jade-350", "price": 1, "stock": 2}
RUSH = Script(
    title="everybody wants the two",
    seconds=4.0,
    manner=Manner(chat=0, shop=0, roam=0, arrive_s=0.2),
    steps=(
        Step(1.0, "host", "sale.open", 1.0, 0.0, SALE, "the sale"),
        Step(1.0, "crowd", "buy", 1.0, 2.0, {"sale": "flash", "pay": 0.0}, "the rush"),
    ),
)


@pytest.mark.parametrize(
    ("key", "check"), [("stock", "not_oversold"), ("orders_of", "orders_kept")]
)
async def test_a_buy_that_forgets_to_write_fails_the_check_for_it(
    played: Played,
    key: str,
    check: str,
    server_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = dict(HOUSE.library.scripts)
    buy = loaded["orders.buy"]
    text = FORGET % {"key": key} + buy.text
    loaded["orders.buy"] = buy._replace(text=text, sha=sha_of(text))
    monkeypatch.setattr(HOUSE.library, "scripts", loaded)

    async with running(server_settings, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=8, script=RUSH, seconds=RUSH.seconds))
        await crowd.play_evening()

    assert crowd.findings.failed[check] > 0, crowd.findings.sentences
