"""The request that is under way with a key of its own, so that scripts do its work once.

A client that got no answer sends its request again, with the same key. The script that does the
work remembers the request in the same step (`keyed: yes` in its head, see `_answers.lua`). It
learns of the request here, not from the features in between, so that none can forget to pass it on.
"""

import hashlib
import secrets
from collections import Counter
from contextvars import ContextVar
from typing import Any

KEPT_S = 86_400
"""How long a request and its answer are remembered."""
ANSWERS_MAX = 20_000
"""Most entries remembered for a room or a sender; a request has two or three. Beyond it new keys
are refused with `rate_limited` until the oldest entry is forgotten. In a room so many are for the
host and other servers, and as many for everybody else."""
SHARE = 1 / 10
"""Part of the free places of a room that a sender has at most who is neither its host nor another
server: however many fill them, who comes next finds some. (For queues that share a memory, see
Choudhury and Hahne, “Dynamic queue length thresholds for shared-memory packet switches”, 1998.)"""
_TAG_DIGITS = 12


UNKNOWN = ("unavailable", "internal")
"""Codes of answers that don't say what became of the request."""


def tag_of(sender: str) -> str:
    """The tag by which entries in a room count for their sender; `_answers.lua` makes it, too."""
    return hashlib.sha1(sender.encode(), usedforsecurity=False).hexdigest()[:_TAG_DIGITS]


class RequestKey:
    """A request with a key: `name` stands for sender, path and key, `digest` for its body.

    A name that ends in a full stop and a tag (`tag_of`) counts towards the share of its sender.
    """

    def __init__(self, name: str, digest: str) -> None:
        self.name = name
        self.digest = digest
        self.begun = False
        """Whether a script was called that remembers the request: Redis may know the outcome."""
        self._calls: Counter[str] = Counter()

    def call_of(self, script: str) -> dict[str, Any]:
        """The argument by which a script remembers this call, the next one of the request."""
        self.begun = True
        self._calls[script] += 1
        name = f"{self.name}/{script}/{self._calls[script]}"
        return {"name": name, "digest": self.digest, "kept_ms": KEPT_S * 1000}

    def step(self, step: str) -> dict[str, Any]:
        """The arguments by which the script `answer` begins this request, keeps its answer, or
        drops it."""
        return {
            "step": step,
            "name": self.name,
            "digest": self.digest,
            "kept_ms": KEPT_S * 1000,
            "answers_max": ANSWERS_MAX,
            "share": SHARE,
        }


UNDER_WAY: ContextVar[RequestKey | None] = ContextVar("request_key", default=None)
"""The request that this task works on; None for one without a key, and for commands on sockets."""

ID_DIGITS = 16


def new_id(begin: str) -> str:
    """Make an id with this beginning: the same for all copies of a request with a key."""
    request = UNDER_WAY.get()
    digits = secrets.token_hex(ID_DIGITS // 2) if request is None else request.name[:ID_DIGITS]
    return begin + digits
