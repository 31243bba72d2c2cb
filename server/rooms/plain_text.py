"""Cleans text that users write, so that it shows on one line, is visible and stays in its line.

Removes invisible characters that can hide or reverse the text around them, and stacks of accents
that grow over the lines above.
"""

import unicodedata

from server.protocol.codes import CommandError

MARKS_MAX = 4
"""Most combining marks kept in a row; no writing system needs more."""
_NOTHING = ("Cc", "Cf", "Cs", "Co")
_MARKS = ("Mn", "Me")
_JOINERS = "\u200c\u200d"
"""Joiners kept between two visible characters: they shape Persian and Indic letters and join
emoji."""
_BLANKS = {ord(char): " " for char in "\u2800\u3164\u115f\u1160\uffa0"}
"""Characters that look like a space, although Unicode calls them letters or symbols."""


def plain_text(text: str) -> str:
    """Return `text` on one line without invisible characters; empty if nothing visible is left."""
    line = " ".join(text.translate(_BLANKS).split())
    kept = [char for char in line if char in _JOINERS or unicodedata.category(char) not in _NOTHING]
    clean, marks, is_visible = "", 0, False
    for char, after in zip(kept, [*kept, " "][1:], strict=True):
        if char in _JOINERS:
            if not clean or clean[-1] in f"{_JOINERS} " or after in f"{_JOINERS} ":
                continue
        elif unicodedata.category(char) in _MARKS:
            marks += 1
            if marks > MARKS_MAX:
                continue
        else:
            marks, is_visible = 0, is_visible or char != " "
        clean += char
    return " ".join(clean.split()) if is_visible else ""


def shown_text(name: str, text: str, chars_max: int) -> str:
    """Clean a command's field `name` (`plain_text`). Raises CommandError if empty or too long."""
    clean = plain_text(text)
    if not clean:
        raise CommandError("bad_message", f"`{name}` is empty.")
    if len(clean) > chars_max:
        raise CommandError("too_long", f"`{name}` can have {chars_max} characters here.")
    return clean


def must_be_visible(name: str, text: str) -> None:
    """Refuse an id with invisible characters, since cleaning would make it a different id.
    Raises CommandError."""
    kinds = {unicodedata.category(char) for char in text.translate(_BLANKS)}
    if not plain_text(text) or kinds.intersection(_NOTHING):
        raise CommandError("bad_message", f"`{name}` has characters that nobody can see.")
