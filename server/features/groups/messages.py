"""The messages about groups: commands, events, and the structs inside them."""

from server.protocol.message import Command, Ok


class GroupJoin(Command, tag="group.join", frozen=True, kw_only=True):
    """Become a member of the host's fan group."""


class GroupLeave(Command, tag="group.leave", frozen=True, kw_only=True):
    """Leave the host's fan group."""


class GroupOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The id of the fan group."""

    group: str
