"""Defines what clients say of webhooks, and what they are told."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.background.clock import unix_ms
from server.features.webhooks.endpoints import Endpoint, State
from server.features.webhooks.places import Behind
from server.protocol.input import Input
from server.web.paging import cursor_to

MASKED = "whsec_***"
OVERLAP_S = 86_400
OVERLAP_S_MAX = 2_592_000
_UNIX_MS_MAX = 4_102_444_800_000

EndpointId = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,32}$(?!\n)")]
EndpointUrl = Annotated[str, Meta(min_length=1, max_length=2000)]
Kinds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)]
Note = Annotated[str, Meta(max_length=200)]


class ShownEndpoint(msgspec.Struct, kw_only=True):
    """An endpoint. `kinds` are the types it is told, or the parts of types before a full stop;
    without any, all. `reason` says why it is disabled. `ok_at` is when it last took an event, and
    `old_secret_until` until when the secret before signs too (Unix ms, 0: never). `behind` is what
    waits for it. The endpoint `settings` is that of `outbox.url`."""

    id: str
    url: str
    kinds: list[str]
    note: str
    secret: str
    old_secret_until: int
    state: State
    reason: str
    made: int
    changed: int
    ok_at: int
    behind: Behind


class Endpoints(msgspec.Struct):
    """All endpoints, the oldest first. `now` is the server's time in Unix ms."""

    endpoints: list[ShownEndpoint]
    now: int


class EndpointCreate(Input, frozen=True, kw_only=True):
    """Body of `POST /v1/webhooks`. Without an `id` the server makes one up."""

    url: EndpointUrl
    id: EndpointId | None = None
    kinds: Kinds = msgspec.field(default_factory=list)
    note: Note = ""


class EndpointChange(Input, frozen=True, kw_only=True):
    """Body of `PATCH /v1/webhooks/{webhook}`: what changes."""

    url: EndpointUrl | UnsetType = UNSET
    kinds: Kinds | UnsetType = UNSET
    note: Note | UnsetType = UNSET


class SecretRotate(Input, frozen=True, kw_only=True):
    """Body of `POST /v1/webhooks/{webhook}/rotate`: for so many seconds both secrets sign."""

    overlap_s: Annotated[int, Meta(ge=0, le=OVERLAP_S_MAX)] = OVERLAP_S


class EventReplay(Input, frozen=True, kw_only=True):
    """Body of `POST /v1/webhooks/{webhook}/replay`: what happened since that time (Unix ms)."""

    since: Annotated[int, Meta(ge=0, le=_UNIX_MS_MAX)]


class ReplayedRooms(msgspec.Struct):
    """In how many rooms lines are looked for again."""

    rooms: int


class Tested(msgspec.Struct, kw_only=True):
    """What became of the test event: `error` is empty if it was taken."""

    event: str
    status: int
    latency_ms: int
    error: str


class DeliveriesQuery(Input, frozen=True):
    """Which part of the log, the newest event first: `limit` after the `cursor` of a page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,18}")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    state: Literal["all", "ok", "failing", "given_up"] = "all"


def shown(endpoint: Endpoint, behind: Behind | None, secret: str = MASKED) -> ShownEndpoint:
    """Return what admins see of an endpoint: its secret only when it was just made."""
    return ShownEndpoint(
        id=endpoint.id,
        url=endpoint.url,
        kinds=endpoint.kinds,
        note=endpoint.note,
        secret=secret,
        old_secret_until=endpoint.old_until if endpoint.old_until > unix_ms() else 0,
        state=endpoint.state,
        reason=endpoint.reason,
        made=endpoint.made,
        changed=endpoint.changed,
        ok_at=endpoint.ok_at,
        behind=behind or Behind(),
    )
