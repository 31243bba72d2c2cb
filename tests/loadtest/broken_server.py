"""The real server, but for one broken script: `python broken_server.py BREAK serve`.

This lives in the tests: the product has no switch for it.
"""

import sys

from server import cli
from server.store import scripts

FORGET_THE_FIFTH_ORDER = """
local redis = setmetatable({ call = function(...)
  local command, key = ...
  if command == 'HSET' and key:sub(-7) == ':orders' and
    redis.call('INCR', key .. ':written') == 5 then
    return 1
  end
  return redis.call(...)
end }, { __index = redis })
"""


def _drop_an_order(text: str) -> str:
    return FORGET_THE_FIFTH_ORDER + text


def _oversell_by_one(text: str) -> str:
    for found, instead in (
        ("if sale.left == 0 then", "if sale.left == -1 then"),
        ("if sale.left < line.qty then", "if sale.left + 1 < line.qty then"),
    ):
        assert text.count(found) == 1, f"the script has changed: `{found}` is not in it"
        text = text.replace(found, instead)
    return text


BREAKS = {"drop": _drop_an_order, "oversell": _oversell_by_one}

if __name__ == "__main__":
    how = BREAKS[sys.argv.pop(1)]
    loaded = scripts.load_all()
    whole = loaded["order_buy"]
    text = how(whole.text)
    loaded["order_buy"] = whole._replace(text=text, sha=scripts._sha(text))
    scripts.load_all = lambda: loaded
    cli.main()
