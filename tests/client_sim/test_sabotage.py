"""The crowd against servers whose scripts forget to write something: the checks notice."""

import pytest

from client_sim.crowd import Crowd
from server.settings import Settings
from server.store import scripts
from tests.client_sim.conftest import running
from tests.client_sim.test_crowd import plan

FORGET = """
local redis = setmetatable({ call = function(...)
  local command, key = ...
  if (command == 'HSET' or command == 'HINCRBY') and key:sub(-#':%(key)s') == ':%(key)s' then
    return 1
  end
  return redis.call(...)
end }, { __index = redis })
"""


@pytest.mark.parametrize(
    ("key", "check"), [("stock", "not_oversold"), ("orders_of", "orders_kept")]
)
async def test_a_buy_that_forgets_to_write_fails_the_check_for_it(
    key: str, check: str, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = scripts.load_all()
    buy = loaded["order_buy"]
    text = FORGET % {"key": key} + buy.text
    loaded["order_buy"] = buy._replace(text=text, sha=scripts._sha(text))
    monkeypatch.setattr(scripts, "load_all", lambda: loaded)

    async with running(server_settings, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=40, seconds=4.0))
        await crowd.run()

    assert crowd.findings.failed[check] > 0, crowd.findings.sentences
