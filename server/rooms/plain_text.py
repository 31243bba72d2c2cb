"""What people write, made fit to show: on one line, visible, within its line.

Taken out are characters that show nothing but can hide or turn what stands around them, and stacks
of accents that grow over the lines above.
"""

import unicodedata

from server.protocol.codes import CommandError

MARKS_MAX = 4
"""Combining marks kept in a row; no script needs more."""
_NOTHING = ("Cc", "Cf", "Cs", "Co")
_MARKS = ("Mn", "Me")
_JOINERS = "\u200c\u200d"
"""They shape Persian and Indic letters and join emoji, between two visible characters."""
_BLANKS = {ord(char): " " for char in "\u2800\u3164\u115f\u1160\uffa0"}
"""Characters that look like a space, though they are letters or symbols by category."""


def plain_text(text: str) -> str:
    """`text` on one line, without what is invisible. Empty if nothing visible is left."""
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
    """The field `name` of a command as `plain_text`; CommandError if none is left or too much."""
    clean = plain_text(text)
    if not clean:
        raise CommandError("bad_message", f"`{name}` is empty.")
    if len(clean) > chars_max:
        raise CommandError("too_long", f"`{name}` can have {chars_max} characters here.")
    return clean


def must_be_visible(name: str, text: str) -> None:
    """An id that people see is taken as it is, or refused: without what is invisible it would be
    another. Raises CommandError."""
    kinds = {unicodedata.category(char) for char in text.translate(_BLANKS)}
    if not plain_text(text) or kinds.intersection(_NOTHING):
        raise CommandError("bad_message", f"`{name}` has characters that nobody can see.")
