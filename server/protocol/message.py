"""The bases of commands, replies and events, and the few messages that belong to no feature."""

from enum import Enum
from typing import Any, ClassVar, Literal, Self

from msgspec import Struct

from server.protocol.fields import Ref
from server.protocol.input import Input


class Delivery(Enum):
    """What the server may do with an event when a client or the server can't keep up.

    - MUST: never dropped, never sampled. To the whole room it carries `seq`, gapless in an epoch.
    - LATEST: only the newest value of each `latest_key` matters.
    - SAMPLE: a viewer gets at most a budget a second.
    """

    MUST = "must"
    LATEST = "latest"
    SAMPLE = "sample"


class Command(Input, frozen=True, kw_only=True, tag_field="op"):
    """The base of every command. Structs inside a command derive from Input too."""

    reads: ClassVar[bool] = False
    """Whether it changes nothing: a server's token needs another scope for it."""
    buys: ClassVar[bool] = False
    """Whether it makes or prepares a purchase, which can be forbidden to a user alone."""

    ref: Ref


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of both replies. `ref` repeats the command's; null if that was unreadable."""

    ref: int | None


class Ok(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The command succeeded. A feature with more to reply defines a subclass."""


class Pong(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to `ping`: the server's time in Unix ms."""

    now: int


class Err(Reply, tag="err", frozen=True, kw_only=True, omit_defaults=True):
    """The command was refused and changed nothing. `codes.ERRORS` lists every `code`."""

    code: str
    msg: str
    retry_ms: int | None = None


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of every event. `seq` is set on must-events to the whole room.

    The attributes below, set by each event class, say how its events are delivered.
    """

    delivery: ClassVar[Delivery] = Delivery.MUST
    key: ClassVar[str] = ""
    """LATEST: the field that identifies the thing; empty if a room has one value."""
    version: ClassVar[str] = ""
    """LATEST: the field that only grows; an event whose field has not grown is outdated. With
    `noun`: the field of the thing that never falls."""
    listed_in: ClassVar[str] = ""
    """For events to one user: the list in their join reply that shows the same thing."""
    noun: ClassVar[str] = ""
    """With `listed_in`: the event's field that holds the thing, and the thing's id field."""
    counted: ClassVar[bool] = False
    """SAMPLE: the event has an author; those for whom it is `meant_for` always see it, and viewers
    from whom it is left out get it counted in a `gap`."""

    retracts: ClassVar[bool] = False
    """MUST: `takes_back` names the sampled events that must not be sent after this one."""

    seq: int | None = None

    def latest_key(self) -> Any:
        """The key of a LATEST event: per key only the newest event is kept."""
        kind = type(self)
        return (kind, getattr(self, kind.key)) if kind.key else kind

    def is_older_than(self, current: Self | None) -> bool:
        """Whether `current`, an event with the same `latest_key`, is as new or newer."""
        version = type(self).version
        if current is None or not version:
            return False
        return bool(getattr(self, version) <= getattr(current, version))

    def meant_for(self) -> tuple[str, ...]:
        """The users who get this counted event also when it is left out for others."""
        return ()

    def takes_back(self, said: "Event") -> bool:  # noqa: ARG002  (those that do look at it)
        """Whether this event forbids sending the waiting sampled event `said` after it."""
        return False


class RoleEvent(Event, tag="role", frozen=True, kw_only=True):
    """Tells one user the role that the host of this room has just given them."""

    role: Literal["moderator", "viewer"]


class GapEvent(Event, tag="gap", frozen=True, kw_only=True, omit_defaults=True):
    """Tells a viewer how many comments were left out for them since the last `gap`."""

    comments: int


class ByeEvent(Event, tag="bye", frozen=True, kw_only=True, omit_defaults=True):
    """The server closes next, with `code` (`codes.CLOSES`). Null `reconnect_ms`: stay away.

    `msg` is a sentence for the user, where there is more to say than the code does.
    """

    code: int
    reconnect_ms: int | None = None
    msg: str = ""
