"""Defines how a connection begins: `join`, its reply, and `ping`."""

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from server.protocol.input import Input
from server.protocol.message import Command, Reply

SourceKind = Literal["note", "search", "group", "follow", "reservation", "feed", "share"]


class Source(Struct, frozen=True):
    """The link or page that brought a viewer to the room."""

    kind: SourceKind
    id: Annotated[str, Meta(max_length=64)] = ""


class SourceInput(Source, frozen=True, forbid_unknown_fields=True):
    """A source as a client names it: without control characters."""

    id: Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")] = ""


class You(Struct, frozen=True):
    """The identity that the server gives this connection."""

    user: str
    name: str
    role: str


class Mine(Struct, frozen=True, omit_defaults=True):
    """A viewer's own earlier actions in the room: their part of the reply to `join`.

    Features add their fields; the whole is `House.mine`.
    """


class Last(Input, frozen=True):
    """The position of a returning client: an epoch and the last seq it saw in that epoch."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0)]


class Join(Command, tag="join", frozen=True, kw_only=True):
    """The first command of a connection. Without `token` the client is a guest and only reads."""

    token: Annotated[str, Meta(max_length=4096)] | None = None
    last: Last | None = None
    source: SourceInput | None = None


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """Asks for the server's time; keeps a connection alive where WebSocket pings can't be sent."""


class Joined(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to `join`. `room` is an encoded room view; all joins of one tick share it.

    `missed` holds the encoded must-events after the client's `last`. `gap` is set when the server
    no longer keeps them all; the client then has only the snapshot. `mine` lists the caller's own
    earlier actions; features may add lists of their own beside it (`House.joined`).
    """

    you: You
    epoch: str
    seq: int
    now: int
    room: Raw
    missed: list[Raw] | None = None
    gap: bool = False
    mine: Mine | None = None
