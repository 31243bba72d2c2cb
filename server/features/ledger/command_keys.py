"""The keys of commands that are done once, however often they are sent: what scripts remember.

A script that uses `_once.lua` keeps the field and the digest in the same step as what it does.
"""

import hashlib
from typing import Any

import msgspec

from server.protocol.codes import CommandError


def once_by(
    kind: str, user: str, key: str | None, key_chars_max: int, said: object
) -> dict[str, Any]:
    """The arguments by which a script does a command of this kind once; none without a key.

    `said` is what the command says, so that another one with its key is found out. Raises
    CommandError `too_long`.
    """
    if key is None:
        return {}
    if len(key) > key_chars_max:
        raise CommandError("too_long", f"`key` can have {key_chars_max} characters.")
    body = msgspec.json.encode(said, order="sorted")
    return {
        # The length in front: neither user nor key can be written so that it reads as another pair.
        "once": f"{kind}/{len(user.encode())}:{user}/{key}",
        "digest": hashlib.blake2s(body, digest_size=12).hexdigest(),
    }
