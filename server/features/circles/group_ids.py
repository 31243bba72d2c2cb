"""The ids of fan groups. A host has at most one group, and its id contains the host's id."""

import msgspec

from server.protocol.codes import CommandError
from server.protocol.fields import RoomId

PREFIX = "fans:"


def group_id(host: str) -> str:
    """The id of this host's fan group, whether the group exists or not."""
    return f"{PREFIX}{host}"


def is_group(room_id: str) -> bool:
    """Whether this is the id of a fan group; other rooms may not have such an id."""
    return room_id.startswith(PREFIX)


def must_fit(host: str) -> None:
    """Refuse a host whose id can't be part of a room id. Raises CommandError."""
    try:
        msgspec.convert(group_id(host), RoomId)
    except msgspec.ValidationError:
        raise CommandError(
            "bad_message",
            f"There can be no fan group of `{host}`: an id for it has at most "
            f"{64 - len(PREFIX)} letters, digits and `_.:@-`.",
        ) from None
