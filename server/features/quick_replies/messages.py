"""The messages about quick replies: a host's saved answers."""

from typing import ClassVar

from msgspec import Struct

from server.protocol.fields import Id, Phrase
from server.protocol.message import Command, Ok


class QuickReply(Struct, frozen=True):
    """A saved answer of a host."""

    reply: str
    text: str


class QuickRepliesRead(Command, tag="quick_replies", frozen=True, kw_only=True):
    """Read the saved answers of this room's host."""

    reads: ClassVar[bool] = True


class QuickReplySave(Command, tag="quick_reply.save", frozen=True, kw_only=True):
    """Save an answer for all rooms of the host; with `reply` change that one."""

    text: Phrase
    reply: Id | None = None


class QuickReplyRemove(Command, tag="quick_reply.remove", frozen=True, kw_only=True):
    """Remove a saved answer."""

    reply: Id


class QuickRepliesOk(Ok, tag="ok", frozen=True, kw_only=True):
    """The saved answers of the host, in the order they were saved."""

    replies: list[QuickReply]
