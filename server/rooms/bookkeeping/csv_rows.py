"""CSV as spreadsheets open it."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime


def rows(values: Iterable[tuple[object, ...]]) -> str:
    """Rows as CSV text, RFC 4180."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(values)
    return text.getvalue()


def text(value: str) -> str:
    """A name that a spreadsheet would run as a formula is quoted (OWASP, CSV injection)."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def utc(ms: int) -> str:
    """A time in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
