"""A scheduled stream as an event of a calendar (iCalendar, RFC 5545)."""

from datetime import UTC, datetime

from server.protocol.room import RoomView

LASTS = "PT2H"
"""How long a calendar shows a stream, of which nobody knows when it ends."""
ALARM = "-PT10M"
"""When a calendar reminds of it: so long before the start."""
LINE_BYTES_MAX = 75


def calendar_of(room: RoomView, url: str, now_ms: int, *, is_cancelled: bool) -> str:
    """Return the calendar with the one event; `url` leads to the room."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Liveroom//Liveroom//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{escaped(room.room)}.{room.created}@liveroom",
        f"DTSTAMP:{_utc(now_ms)}",
        f"DTSTART:{_utc(room.scheduled)}",
        f"DURATION:{LASTS}",
        f"SUMMARY:{escaped(room.title)}",
        f"DESCRIPTION:{escaped(room.host_name or room.host)}\\n{escaped(url)}",
        f"URL:{url}",
        f"STATUS:{'CANCELLED' if is_cancelled else 'CONFIRMED'}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"TRIGGER:{ALARM}",
        f"DESCRIPTION:{escaped(room.title)}",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{folded_line(line)}\r\n" for line in lines)


def escaped(text: str) -> str:
    """A text as a value: without what would end it (RFC 5545 section 3.3.11)."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r", "").replace("\n", "\\n")


def folded_line(line: str) -> str:
    """A line of at most 75 bytes, and the rest on lines that begin with a space; a character is
    never cut (RFC 5545 section 3.1)."""
    rows, row, size = [], "", 0
    for char in line:
        width = len(char.encode())
        if size + width > LINE_BYTES_MAX:
            rows.append(row)
            row, size = " ", 1
        row, size = row + char, size + width
    return "\r\n".join([*rows, row])


def _utc(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
