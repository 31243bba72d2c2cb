"""Redis' refusals of commands: their words, and whether anything was written.

In a script the first write decides: either Redis refuses it and the script ends, or it lets all
later writes through too. So a refusal in this list means that nothing was written, also by a
script.
"""

import re

from redis.exceptions import RedisError

from server.settings.masking import mask

REPLICA = frozenset(("READONLY", "MASTERDOWN"))
"""The answering server is a replica: another server is the primary now."""
REFUSED = REPLICA | {"OOM", "MISCONF", "NOREPLICAS", "LOADING"}
"""Codes of refusals that mean: try later, nothing was written."""

# Redis 6 wraps a script's error: `Error running script (...): @user_script: 9: -OOM command ...`.
_WRAPPED = re.compile(r"@user_script: ?\d+: -?(?=[A-Z])")
_PLACE = re.compile(r"[ .]*script: [0-9a-f]{40}, on @user_script:\d+\.?$")


def words_of(error: BaseException) -> str:
    """Return Redis' own words on one line, without the position in a script and without secrets."""
    code = getattr(error, "status_code", None) or ""
    text = str(error) or type(error).__name__
    if code and not text.startswith(code):
        text = f"{code} {text}"
    text = _PLACE.sub("", _WRAPPED.split(text)[-1])
    return mask(" ".join(text.split())).rstrip(".")


def refusal_of(error: BaseException) -> str:
    """Return the error's code in REFUSED, or '' if something may have been written."""
    if not isinstance(error, RedisError):
        return ""
    # Not `status_code`: Redis 6 gives ERR there, and the code of the script's error comes later.
    code = words_of(error).partition(" ")[0]
    return code if code in REFUSED else ""


def is_a_replica(error: BaseException) -> bool:
    """Whether a replica answered, so that the primary must be found again."""
    return refusal_of(error) in REPLICA
