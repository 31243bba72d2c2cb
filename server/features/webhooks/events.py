"""Lines of the ledger as events: an id, a type, a time and data."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec import json

from server.rooms.ledger_lines import LineBook

TEST = "test"
"""The type of the event by which an admin tries an endpoint out."""


class WebhookEvent(NamedTuple):
    """An event, ready to be posted."""

    id: str
    type: str
    at: int
    room: str
    n: int
    body: bytes


def event_of(book: LineBook, room: str, made: int, n: int, line: Mapping[str, Any]) -> WebhookEvent:
    """Make the event of a line of a room that was made at `made` (Unix ms).

    Its id is the same whenever it is told. A line that Redis has lost, and whose number another one
    has now, had another id.
    """
    kind = book.type_of(line)
    return _event(
        id_of(room, made, n, line), kind, line["at"], room, n, {**line, "n": n, "room": room}
    )


def test_event(event_id: str, at: int, endpoint: str) -> WebhookEvent:
    """Make the event by which an endpoint is tried out."""
    return _event(event_id, TEST, at, "", 0, {"endpoint": endpoint})


def id_of(room: str, made: int, n: int, line: Mapping[str, Any]) -> str:
    """Make the id of a line's event; it has no full stop, as Standard Webhooks asks."""
    parts = json.encode([room, made, n, line.get("k"), line.get("at")])
    return "evt_" + hashlib.blake2s(parts, digest_size=12).hexdigest()


def _event(
    event_id: str, kind: str, at: int, room: str, n: int, data: Mapping[str, Any]
) -> WebhookEvent:
    time = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    body = {"id": event_id, "type": kind, "timestamp": time.replace("+00:00", "Z"), "data": data}
    return WebhookEvent(event_id, kind, at, room, n, json.encode(body))


def wants(kinds: Sequence[str], kind: str) -> bool:
    """Whether an endpoint of these kinds is told an event: of all without any, or by its whole type
    or the part before a full stop."""
    return not kinds or kind in kinds or any(kind.startswith(f"{each}.") for each in kinds)


def known_kinds(book: LineBook) -> list[str]:
    """Return what an endpoint can ask for: types, and their beginnings."""
    begun = {name.rpartition(".")[0] for name in book.types if "." in name}
    return sorted({*book.types, *begun})
