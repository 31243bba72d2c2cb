"""Makes what people write fit to show: on one line, visible, within its line.

Taken out are characters that show nothing but can hide or turn what stands around them, and stacks
of accents that grow over the lines above.
"""

import re
import unicodedata
from typing import Final

MARKS_MAX: Final = 4
"""Combining marks kept in a row; no script needs more."""
_NOTHING = ("Cc", "Cf", "Cs", "Co")
_BREAKS = ("Zl", "Zp")
_MARKS = ("Mn", "Me")
_JOINERS = "\u200c\u200d"
"""They shape Persian and Indic letters and join emoji, between two visible characters."""
_BLANKS = {ord(char): " " for char in "\u2800\u3164\u115f\u1160\uffa0"}
"""Characters that look like a space, though they are letters or symbols by category."""
_IDLE_JOINER = re.compile(
    "(?<![\u0600-\u18ff\u2600-\u27bf\ua800-\uabff\ufe0f\U00010a00-\U00011fff\U0001f000-\U0001faff])"
    f"[{_JOINERS}]+"
)
"""A joiner after a letter of a script that needs none, so after no emoji either."""
_LETTERS = re.compile("[ -~\u00c0-\u017f\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fa5\uac00-\ud7a3]*")
"""Text of nothing but plain letters, digits, ASCII signs and spaces, as most names are: it has
nothing to take out but spaces."""


def plain_text(text: str) -> str:
    """`text` on one line, without what is invisible. Empty if nothing visible is left."""
    if _LETTERS.fullmatch(text):
        return " ".join(text.split())
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


def plain_name(name: str) -> str:
    """A person's name as it is shown: `plain_text` without joiners that shape nothing and without
    marks that would sit on what stands before it. Empty if nothing visible is left."""
    if _LETTERS.fullmatch(name):
        return " ".join(name.split())
    line = _IDLE_JOINER.sub("", plain_text(name))
    first = next((n for n, char in enumerate(line) if unicodedata.category(char) not in _MARKS), 0)
    return line[first:].strip()


def hides_something(text: str) -> bool:
    """Whether an id has characters that nobody can see, or nothing that one can."""
    if _LETTERS.fullmatch(text):
        return not text.strip()
    kinds = {unicodedata.category(char) for char in text.translate(_BLANKS)}
    return not plain_text(text) or bool(kinds.intersection(_NOTHING + _BREAKS))
