"""CSV as spreadsheets open it."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

_FORMULA = "=+-@\u2212"
_BREAKS = ("\t", "\r", "\n")
_BLANK = "ZC"
"""Categories of characters that show nothing: spaces, control and format characters."""


def rows(values: Iterable[tuple[object, ...]]) -> str:
    """Rows as CSV text, RFC 4180."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(values)
    return text.getvalue()


def text(value: str) -> str:
    """A name that a spreadsheet would run as a formula is quoted (OWASP, CSV injection).

    Spreadsheets pass over what is blank before it, and some read the full-width signs as well.
    """
    begins = next((char for char in value if unicodedata.category(char)[0] not in _BLANK), "")
    is_formula = bool(begins) and unicodedata.normalize("NFKC", begins)[0] in _FORMULA
    return f"'{value}" if is_formula or value[:1] in _BREAKS else value


def utc(ms: int) -> str:
    """A time in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
