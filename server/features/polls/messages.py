"""The messages about polls: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Id, Name, Seconds
from server.protocol.message import Command, Delivery, Event, Ok


class Poll(Struct, frozen=True, omit_defaults=True):
    """The room's choice among 2 to 4 options. `votes` counts them in the same order.

    `ends` is 0 for a poll without an end. A smaller `ver` is older.
    """

    poll: str
    question: str
    options: list[str]
    votes: list[int]
    status: Literal["open", "closed"]
    starts: int
    ends: int
    ver: int


class PollOpen(Command, tag="poll.open", frozen=True, kw_only=True):
    """Let the room choose among 2 to 4 options; `lasts_s` 0 means until closed."""

    question: Name
    options: Annotated[list[Name], Meta(min_length=2, max_length=4)]
    lasts_s: Seconds = 0


class PollClose(Command, tag="poll.close", frozen=True, kw_only=True):
    """Take no more votes."""

    poll: Id


class Vote(Command, tag="vote", frozen=True, kw_only=True):
    """Choose an option, counted from 0; once a user and poll."""

    poll: Id
    option: Annotated[int, Meta(ge=0, le=3)]


class PollEvent(Event, tag="poll", frozen=True, kw_only=True, omit_defaults=True):
    """A poll was opened or closed: its whole state."""

    poll: Poll


class VotesEvent(Event, tag="votes", frozen=True, kw_only=True):
    """The votes of a poll so far, by option. A smaller `ver` is older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    key: ClassVar[str] = "poll"
    version: ClassVar[str] = "ver"

    poll: str
    votes: list[int]
    ver: int


class PollOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The poll as it is now."""

    poll: Poll
