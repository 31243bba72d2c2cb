"""The messages about notices: commands, events, and the structs inside them."""

from server.protocol.fields import Text
from server.protocol.message import Command, Event


class Notice(Command, tag="notice", frozen=True, kw_only=True):
    """Show a line to everybody until the next one; an empty text takes it away."""

    text: Text


class NoticeEvent(Event, tag="notice", frozen=True, kw_only=True):
    """A line for everybody; empty: take the last one away."""

    text: str
