"""The real server, but for one broken script: `python broken_server.py BREAK serve`.

This lives in the tests: the product has no switch for it.
"""

import sys

from server.cli import main as cli
from server.house import HOUSE
from server.store.script_library import sha_of

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


def _tell_no_buyer(text: str) -> str:
    marker = "local function mention(event)"
    assert text.count(marker) == 1, f"the script has changed: `{marker}` is not in it"
    untold = "local tell_user = function() end\nlocal tell_user_packed = tell_user\n"
    return text.replace(marker, untold + marker)


def _refuse_to_write(text: str) -> str:
    return "do return redis.error_reply('OOM command not allowed') end\n" + text


BREAKS = {
    "drop": _drop_an_order,
    "oversell": _oversell_by_one,
    "untold": _tell_no_buyer,
    "unavailable": _refuse_to_write,
}

if __name__ == "__main__":
    how = BREAKS[sys.argv.pop(1)]
    loaded = HOUSE.library.scripts
    whole = loaded["orders.buy"]
    text = how(whole.text)
    loaded["orders.buy"] = whole._replace(text=text, sha=sha_of(text))
    cli.main()
