"""The public view of a room: the fields that belong to no feature. Features add theirs.

Money is an integer in the currency's minor unit (fen, cent). Times are Unix milliseconds by the
clock of Redis. A field that is absent on the wire has the default given here.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Cover, Id, Name, RoomId, TimeZone, Url
from server.protocol.input import Input

Phase = Literal["scheduled", "live", "ended"]
Kind = Literal["stream", "group"]


class RoomView(Struct, omit_defaults=True):
    """The part of a snapshot that every room has. The whole is `House.room_view`.

    Never encode this class in place of the whole: the fields of features would silently be missing.
    A room of the `kind` group is a host's fan group. A `draft` is for its host, moderators and
    admins only; of a `practice` nobody is told, and its orders are void. Staff plans in the room's
    `time_zone`, an IANA name; empty: each in their own.
    """

    room: str
    title: str
    host: str
    host_name: str
    phase: Phase
    created: int
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    stream_url: str = ""
    embed_url: str = ""
    kind: Kind = "stream"
    cover: str = ""
    draft: bool = False
    practice: bool = False
    time_zone: str = ""


Start = Annotated[
    int, Meta(ge=0, le=4_102_444_800_000, description="Unix ms up to 2100, 0 = unknown")
]


class RoomCreate(Input, frozen=True):
    """Body of `POST /v1/rooms`. The caller becomes the host; an admin may name another host.

    `shelf_from` is an earlier room of the host, whose products the new one begins with.
    """

    room: RoomId
    title: Name
    scheduled: Start = 0
    stream_url: Url | None = None
    embed_url: Url | None = None
    cover: Cover | None = None
    shelf_from: Id | None = None
    draft: bool = False
    practice: bool = False
    time_zone: TimeZone | None = None
    host: Id | None = None
    host_name: Annotated[str, Meta(max_length=40)] | None = None
