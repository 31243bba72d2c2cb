"""What Redis said when it did not do a command: its own words, and whether anything was written.

A script's first write decides: Redis refuses it, and then the script ends there, or lets all that
follow through. So a refusal of this list means that nothing was written, inside a script too.
"""

import re

from redis.exceptions import RedisError

from server.settings.masking import mask

REPLICA = frozenset(("READONLY", "MASTERDOWN"))
"""The server that answered is a replica: another one is the primary now."""
REFUSED = REPLICA | {"OOM", "MISCONF", "NOREPLICAS", "LOADING"}
"""Codes of answers that say: not now, and nothing was written."""

# Redis 6 wraps what a script met: `Error running script (...): @user_script: 9: -OOM command ...`.
_WRAPPED = re.compile(r"@user_script: ?\d+: -?(?=[A-Z])")
_PLACE = re.compile(r"[ .]*script: [0-9a-f]{40}, on @user_script:\d+\.?$")


def words_of(error: BaseException) -> str:
    """Redis' own words, on one line, without the place in a script and without secrets."""
    code = getattr(error, "status_code", None) or ""
    text = str(error) or type(error).__name__
    if code and not text.startswith(code):
        text = f"{code} {text}"
    text = _PLACE.sub("", _WRAPPED.split(text)[-1])
    return mask(" ".join(text.split())).rstrip(".")


def refusal_of(error: BaseException) -> str:
    """The code of REFUSED that this is, or '' if something may have been written."""
    if not isinstance(error, RedisError):
        return ""
    # Not `status_code`: Redis 6 says ERR, and the code of what the script met comes later.
    code = words_of(error).partition(" ")[0]
    return code if code in REFUSED else ""


def is_a_replica(error: BaseException) -> bool:
    """Whether a replica answered, so that the primary is to be looked for anew."""
    return refusal_of(error) in REPLICA
