"""The ids of fan groups. A host has at most one, and its id says whose it is."""

import msgspec

from server.protocol.codes import CommandError
from server.protocol.fields import RoomId

PREFIX = "fans:"


def group_id(host: str) -> str:
    """The id of this host's fan group, whether there is one or not."""
    return f"{PREFIX}{host}"


def is_group(room_id: str) -> bool:
    """Whether a room of this id is a fan group; no other room may have such an id."""
    return room_id.startswith(PREFIX)


def must_fit(host: str) -> None:
    """Refuse a host whose id makes no room id. Raises CommandError."""
    try:
        msgspec.convert(group_id(host), RoomId)
    except msgspec.ValidationError:
        raise CommandError(
            "bad_message",
            f"There can be no fan group of `{host}`: an id for it has at most "
            f"{64 - len(PREFIX)} letters, digits and `_.:@-`.",
        ) from None
