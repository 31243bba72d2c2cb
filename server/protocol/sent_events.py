"""Server-sent events (WHATWG HTML, section 9.2): frames for clients that listen by HTTP.

A frame is one event. Its data are the array of messages that a WebSocket frame would carry, as JSON
on one line. Its id is the place in the room's story after it, `<epoch>:<seq>`; an event without a
must-event has none, so that a client's last id stands.
"""

import re

from server.protocol.joining import Last

HEARTBEAT = b":\n\n"
"""A comment: clients read past it, proxies see that the connection lives."""

_PLACE = re.compile(r"(.{1,64}):([0-9]{1,16})", re.DOTALL)


def sent_event(data: bytes, epoch: str, seq: int | None) -> bytes:
    """Build the event with these data, which hold no line break; `seq` None: it has no id."""
    return event_head(epoch, seq) + data + EVENT_END


def event_head(epoch: str, seq: int | None) -> bytes:
    """Build what stands before the data of an event."""
    return b"data: " if seq is None else f"id: {epoch}:{seq}\ndata: ".encode()


EVENT_END = b"\n\n"


def retry_line(wait_ms: int) -> bytes:
    """Build the line that tells an EventSource how long to wait before it comes back."""
    return f"retry: {wait_ms}\n".encode()


def last_of(event_id: str) -> Last:
    """Return the place that an event's id names. Raises ValueError."""
    found = _PLACE.fullmatch(event_id)
    if found is None:
        raise ValueError("an event id is an epoch, a colon and a seq")
    return Last(found[1], int(found[2]))
