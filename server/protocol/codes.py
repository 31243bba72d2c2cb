"""Two tables: errors a reply can carry, and codes a connection can be closed with.

Each row says what a client should do. An error leaves the connection open; a close ends it. The
range of a close code tells the client whether to reconnect: 4000-4399 yes, after the time in `bye`;
from 4400 on only after it has changed something.
"""

from typing import NamedTuple


class ErrorRow(NamedTuple):
    """Why a command was refused, and what the client should do about it."""

    meaning: str
    advice: str


ERRORS: dict[str, ErrorRow] = {
    "bad_message": ErrorRow(
        "The command or request can't be read, or has a field that this server doesn't know.",
        "Mend the client; do not resend.",
    ),
    "bad_token": ErrorRow(
        "The token is malformed, expired or not signed by this server's key.",
        "Get a new token and join again.",
    ),
    "forbidden": ErrorRow("This role, or this user, may not do that here.", "Do not resend."),
    "not_found": ErrorRow(
        "The room, sale, order, product or comment named does not exist.", "Do not resend."
    ),
    "not_live": ErrorRow(
        "The room is not live: not yet, or no more.",
        "Wait for the `phase` event; after the end nothing comes.",
    ),
    "conflict": ErrorRow(
        "The thing is already there, or in a state that does not allow this.",
        "Read the current state, then decide.",
    ),
    "rate_limited": ErrorRow("Too many commands.", "Wait `retry_ms`, then resend."),
    "muted": ErrorRow("A moderator muted this user here.", "Wait `retry_ms`."),
    "too_long": ErrorRow("The text is longer than the room allows.", "Shorten it."),
    "sold_out": ErrorRow(
        "Fewer units are left than asked for; held ones may come back.",
        "Watch `stock`; ask for fewer, or again later.",
    ),
    "limit_reached": ErrorRow(
        "The buyer's limit for this sale, or a limit of the room, is reached.", "Do not resend."
    ),
    "not_started": ErrorRow("The sale has not started.", "Wait `retry_ms`, then resend."),
    "ended": ErrorRow("The sale or the stream is over.", "Do not resend."),
    "key_reused": ErrorRow(
        "This idempotency key belongs to another buy, or to another request.",
        "Use a new key for a new buy or request.",
    ),
    "expired": ErrorRow("The hold ended before this arrived.", "Buy again if stock is left."),
    "payment_failed": ErrorRow(
        "The payment provider declined; the order is still held.",
        "Pay again, or otherwise, before `hold_until`.",
    ),
    "unavailable": ErrorRow(
        "The store did not answer; the outcome is unknown.",
        "Wait `retry_ms`, then resend with the same key.",
    ),
    "internal": ErrorRow(
        "The server failed at this command; the outcome is unknown.",
        "Report it; resend a buy with the same key.",
    ),
}


class Close(NamedTuple):
    """A reason to close a connection: the WebSocket close code, and what the client should do."""

    code: int
    reason: str
    advice: str
    come_back: bool


NORMAL = Close(1000, "closed", "Nothing; the client closed.", False)
PROTOCOL = Close(1002, "WebSocket protocol error", "Mend the client.", False)
WRONG_KIND = Close(
    1003, "wrong frame kind", "Send text frames in JSON, binary frames in msgpack.", False
)
TOO_BIG = Close(1009, "frame too big", "Send smaller frames.", False)
INTERNAL = Close(1011, "internal error", "Come back with a back-off.", True)
DRAIN = Close(4000, "the worker is going away", "Come back after `reconnect_ms`.", True)
RESYNC = Close(4003, "the room was re-read", "Come back with `last` to resume.", True)
SILENT = Close(4004, "no pong in time", "Come back with `last` to resume.", True)
TOKEN_ENDED = Close(
    4005, "token expired", "Get a new token, then come back with `last` to resume.", True
)
BAD_MESSAGES = Close(4400, "too many bad messages", "Mend the client.", False)
BAD_TOKEN = Close(4401, "bad token", "Get a new token first.", False)
FORBIDDEN = Close(4403, "not allowed in this room", "Use another token or room.", False)
NO_ROOM = Close(4404, "no such room", "Check the room's id.", False)
NO_JOIN = Close(4408, "no join in time", "Send `join` first.", False)
FLOOD = Close(4429, "flooding", "Slow down before coming back.", False)

CLOSES: tuple[Close, ...] = (
    NORMAL,
    PROTOCOL,
    WRONG_KIND,
    TOO_BIG,
    INTERNAL,
    DRAIN,
    RESYNC,
    SILENT,
    TOKEN_ENDED,
    BAD_MESSAGES,
    BAD_TOKEN,
    FORBIDDEN,
    NO_ROOM,
    NO_JOIN,
    FLOOD,
)


class CommandError(Exception):
    """A command was refused; the client gets it as an `err` reply.

    `code` is a key of ERRORS. `msg` is a sentence for a person. `retry_ms` is the wait before
    the next try.
    """

    def __init__(self, code: str, msg: str, retry_ms: int | None = None) -> None:
        assert code in ERRORS, code
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.retry_ms = retry_ms
