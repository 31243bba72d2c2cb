"""How a connection begins: `join`, its reply, and `ping`."""

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from server.protocol.message import Command, Reply

SourceKind = Literal["note", "search", "group", "follow", "reservation", "feed", "share"]


class Source(Struct, frozen=True):
    """What brought a viewer to the room."""

    kind: SourceKind
    id: Annotated[str, Meta(max_length=64)] = ""


class You(Struct, frozen=True):
    """Who the server takes this connection for."""

    user: str
    name: str
    role: str


class Mine(Struct, frozen=True, omit_defaults=True):
    """What a joining viewer has done here before: their part of the reply to `join`.

    Features add their fields; the whole is `House.mine`.
    """


class Last(Struct, frozen=True):
    """Where a returning client stopped: an epoch and the last seq it saw in it."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0)]


class Join(Command, tag="join", frozen=True, kw_only=True):
    """First command of a connection. No `token` means guest: reads only."""

    token: Annotated[str, Meta(max_length=4096)] | None = None
    last: Last | None = None
    source: Source | None = None


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """Ask for the server's time; also a sign of life where WebSocket pings cannot be sent."""


class Joined(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to `join`. `room` is an encoded room view, shared by all who join in one tick.

    `missed` holds the encoded must-events after the client's `last`; `gap` says they are no longer
    kept and the snapshot is all there is. `mine` is what the caller has done here before; features
    may add lists of their own beside it (`House.joined`).
    """

    you: You
    epoch: str
    seq: int
    now: int
    room: Raw
    missed: list[Raw] | None = None
    gap: bool = False
    mine: Mine | None = None
