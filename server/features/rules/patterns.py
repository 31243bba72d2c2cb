"""Patterns: regular expressions that are looked for in comments, in time that grows with the text.

They are read by RE2, which has no pattern that takes for ever. A pattern is compared with a text as
words are (`server.text.readings`): folded, its signs and spaces as one space each, and then without
those between digits, and without any. Its own characters are taken in one width, and match in any
case.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from server.features.rules.messages import WordAction
from server.text.folding import GAPS, SPACE, squeezed

PATTERN_CHARS_MAX = 200
_MEMORY_MAX = 8 << 20
"""Bytes that RE2 may take for all patterns of one action."""
PROGRAM_MAX = 5000
"""Instructions that RE2 may make of one pattern. Its time grows with the text, and with these: at
half a million a comment of 200 characters took 60 ms of the worker's loop."""
TOGETHER_MAX = 20_000
"""The same of all patterns: so much less than `_MEMORY_MAX` allows that sets which were put on two
workers at once can still be read by all."""
_ACTIONS: tuple[WordAction, ...] = ("block", "hold")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")
_TO_SPACE = str.maketrans(dict.fromkeys(GAPS, SPACE))


class Patterns:
    """Finds patterns, each with its action. Raises ValueError if they can't be made together."""

    def __init__(self, actions: Mapping[str, WordAction]) -> None:
        self._found: list[tuple[WordAction, Any]] = []
        for action in _ACTIONS:
            of_action = [_grouped(text) for text in actions if actions[text] == action]
            if of_action:
                self._found.append((action, _compiled("|".join(of_action))))

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def program(self) -> int:
        """Instructions that RE2 made of them all."""
        return sum(compiled.programsize for _, compiled in self._found)

    def find_in(self, reading: str) -> Iterator[WordAction]:
        """The actions of the patterns in one reading of a text, the strictest first."""
        spaced = " ".join(reading.translate(_TO_SPACE).split())
        forms = (spaced, _BETWEEN_DIGITS.sub("", spaced), squeezed(reading))
        texts = [form.encode() for form in dict.fromkeys(forms)]
        for action, compiled in self._found:
            if any(map(compiled.search, texts)):
                yield action


def must_be_pattern(text: str) -> None:
    """Raise ValueError, with a sentence, for what is no pattern that can be looked for."""
    try:
        compiled = _compiled(one_width(text))
        _compiled(_grouped(text))  # what `\Q` opens must not quote the patterns behind it
    except ValueError as error:
        raise ValueError(f"`{text}` is no pattern that can be looked for: {error}") from None
    if compiled.search(b"") or compiled.search(SPACE.encode()):
        raise ValueError(f"`{text}` matches every comment, also an empty one; ask for more.")
    if compiled.programsize > PROGRAM_MAX:
        raise ValueError(f"`{text}` takes too long to look for; repeat less in it, or fewer times.")


def _grouped(text: str) -> str:
    return f"(?:{one_width(text)})"


def one_width(text: str) -> str:
    """A pattern's characters in one width, as those of comments are."""
    return unicodedata.normalize("NFKC", text)


def _compiled(text: str) -> Any:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY_MAX
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_sentence(error)) from None


def _sentence(error: Exception) -> str:
    why = error.args[0] if error.args else ""
    words = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
    return f"{words or 'it is too large'}."
