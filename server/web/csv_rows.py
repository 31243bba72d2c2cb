"""CSV text that spreadsheets open correctly and safely."""

import csv
import io
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

_FORMULA = "=+-@\u2212"
_BREAKS = ("\t", "\r", "\n")
_BLANK = "ZC"
"""Unicode categories of invisible characters: spaces, control and format characters."""


def rows(values: Iterable[tuple[object, ...]]) -> str:
    """Format rows as CSV text (RFC 4180)."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(values)
    return text.getvalue()


def text(value: str) -> str:
    """Quote a text that a spreadsheet would run as a formula (OWASP, CSV injection).

    Spreadsheets skip blanks before a formula, and some also accept full-width signs.
    """
    begins = next((char for char in value if unicodedata.category(char)[0] not in _BLANK), "")
    is_formula = bool(begins) and unicodedata.normalize("NFKC", begins)[0] in _FORMULA
    return f"'{value}" if is_formula or value[:1] in _BREAKS else value


def exact_text(value: str) -> str:
    """`text`, so that `read_text` gives the same value again, apostrophes before it included."""
    bare = value.lstrip("'")
    return f"'{value}" if text(bare) != bare else value


def read_text(cell: str) -> str:
    """The value of a cell that `exact_text` or a person wrote: a formula stays the text it is."""
    bare = cell.lstrip("'")
    return cell[1:] if cell[:1] == "'" and text(bare) != bare else cell


def utc(ms: int) -> str:
    """Format a time in UTC, to the millisecond."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
