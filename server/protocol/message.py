"""What every command, reply and event is made of, and the few that belong to no feature."""

from enum import Enum
from typing import Any, ClassVar, Literal, Self

from msgspec import Struct

from server.protocol.fields import Ref


class Delivery(Enum):
    """How an event may be treated under pressure.

    - MUST: never dropped, never sampled. Sent to the room it carries `seq`, gapless in an epoch.
    - LATEST: only the newest value of each `latest_key` matters.
    - SAMPLE: a viewer gets at most a budget a second.
    """

    MUST = "must"
    LATEST = "latest"
    SAMPLE = "sample"


class Command(Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of every command."""

    ref: Ref


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of both replies. `ref` is the command's; null if it could not be read."""

    ref: int | None


class Ok(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The command was done. A feature whose reply says more has a subclass of its own."""


class Pong(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to `ping`: the server's time in Unix ms."""

    now: int


class Err(Reply, tag="err", frozen=True, kw_only=True, omit_defaults=True):
    """The command was refused; nothing was changed. See `codes.ERRORS` for every `code`."""

    code: str
    msg: str
    retry_ms: int | None = None


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of every event. `seq` is set on must-events to the whole room.

    How an event travels is said by its class, in the attributes below.
    """

    delivery: ClassVar[Delivery] = Delivery.MUST
    key: ClassVar[str] = ""
    """LATEST: the field whose value names the thing; empty: one value a room."""
    version: ClassVar[str] = ""
    """LATEST: the field that only ever grows; an event that has no greater one is old. With `noun`:
    the thing's field that never falls."""
    listed_in: ClassVar[str] = ""
    """Told to one user: the list in the reply to their join that shows the same thing."""
    noun: ClassVar[str] = ""
    """With `listed_in`: the field that holds the thing, and the thing's own field with its id."""
    counted: ClassVar[bool] = False
    """SAMPLE: it has an author (`user`), who sees it whatever is chosen; a viewer who is not shown
    it is told so in a `gap`."""

    retracts: ClassVar[bool] = False
    """MUST: `takes_back` says which sampled events must not be told after it."""

    seq: int | None = None

    def latest_key(self) -> Any:
        """The key under which only the newest LATEST event is kept."""
        kind = type(self)
        return (kind, getattr(self, kind.key)) if kind.key else kind

    def is_older_than(self, current: Self | None) -> bool:
        """Whether `current`, of the same `latest_key`, says as much or more."""
        version = type(self).version
        if current is None or not version:
            return False
        return bool(getattr(self, version) <= getattr(current, version))

    def takes_back(self, said: "Event") -> bool:  # noqa: ARG002  (those that do look at it)
        """Whether a sampled event that still waits must not be told after this one."""
        return False


class RoleEvent(Event, tag="role", frozen=True, kw_only=True):
    """Told to one user alone: what the host of this room has just made of them."""

    role: Literal["moderator", "viewer"]


class GapEvent(Event, tag="gap", frozen=True, kw_only=True, omit_defaults=True):
    """So many comments were left out for this viewer since the last `gap`."""

    comments: int


class ByeEvent(Event, tag="bye", frozen=True, kw_only=True, omit_defaults=True):
    """The server closes next, with `code` (see `codes.CLOSES`); null `reconnect_ms`: stay away."""

    code: int
    reconnect_ms: int | None = None
