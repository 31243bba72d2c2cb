"""Prepares the words of a search for the counts: folded, without personal data. Pure."""

import re
from typing import Final

from server.features.search.words import folded

CHARS_MAX: Final = 60
CHARS_MIN: Final = 2
_LONG_NUMBER: Final = re.compile(r"\d[\d ]{4,}\d|\d{5,}")
"""Numbers of phones, cards, orders and people; sizes and years are shorter."""
_ADDRESS: Final = re.compile(r"\S@\S")


def kept_query(text: str) -> str:
    """Return the words as they are counted, or '' for what is not counted: too short, or with an
    address of mail. Long numbers become `#`."""
    if _ADDRESS.search(text):
        return ""
    words = " ".join(folded(text).replace(".", " ").replace("'", "").split())
    hidden = " ".join(_LONG_NUMBER.sub("#", words).split())[:CHARS_MAX].strip()
    return hidden if len(hidden) >= CHARS_MIN and hidden.strip("# ") else ""


def goes_on(before: str, after: str) -> bool:
    """Whether a query is what somebody typed further, or back, from an earlier one."""
    return before.startswith(after) or after.startswith(before)
