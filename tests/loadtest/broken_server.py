"""The real server, but for one broken part: `python broken_server.py BREAK serve`.

This lives in the tests: the product has no switch for it.
"""

import sys
from collections.abc import Callable

from server.cli import main as cli
from server.features.accounts import split
from server.features.accounts.split import LineSplit, Part, Rates
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
        assert found in text, f"the script has changed: `{found}` is not in it"
        text = text.replace(found, instead)
    return text


def _tell_no_buyer(text: str) -> str:
    marker = "local function mention(event, pack)"
    assert text.count(marker) == 1, f"the script has changed: `{marker}` is not in it"
    untold = "local tell_user = function() end\nlocal tell_user_packed = tell_user\n"
    return text.replace(marker, untold + marker)


def _refuse_to_write(text: str) -> str:
    return "do return redis.error_reply('OOM command not allowed') end\n" + text


def _skim(whole: Callable[[int, int, Rates], LineSplit]) -> Callable[..., LineSplit]:
    """One fen of each line goes to the platform; it all adds up."""

    def skimmed(worth: int, off: int, terms: Rates) -> LineSplit:
        found = whole(worth, off, terms)
        if not found.parts:
            return found
        first, *rest = found.parts
        less = first._replace(amount=first.amount - 1)
        return found._replace(parts=(less, *rest, Part("platform", "fee", 1)))

    return skimmed


def _break_script(how: Callable[[str], str]) -> None:
    loaded = HOUSE.library.scripts
    whole = loaded["orders.buy"]
    text = how(whole.text)
    loaded["orders.buy"] = whole._replace(text=text, sha=sha_of(text))


BREAKS = {
    "drop": _drop_an_order,
    "oversell": _oversell_by_one,
    "untold": _tell_no_buyer,
    "unavailable": _refuse_to_write,
}

if __name__ == "__main__":
    broken = sys.argv.pop(1)
    if broken == "skim":
        split.split_line = _skim(split.split_line)
    else:
        _break_script(BREAKS[broken])
    cli.main()
