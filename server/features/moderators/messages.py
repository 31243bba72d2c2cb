"""The messages about moderators: commands, events, and the structs inside them."""

from server.protocol.fields import User
from server.protocol.message import Command, Ok


class ModeratorAdd(Command, tag="moderator.add", frozen=True, kw_only=True):
    """Make a user a moderator of this room."""

    user: User


class ModeratorRemove(Command, tag="moderator.remove", frozen=True, kw_only=True):
    """Make a moderator of this room a viewer again."""

    user: User


class ModeratorsOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """Tells the host how many moderators they have made here."""

    total: int
