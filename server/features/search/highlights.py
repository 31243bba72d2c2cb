"""Finds where the words of a query stand in a text, and the part of it worth showing. Pure."""

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from server.features.search.words import folded
from server.text.folding import is_cjk

CHARS_MAX = 80
"""Characters of a snippet."""
_BEFORE = 20
_MORE = "…"

Range = tuple[int, int]
"""From a character up to another one, which is outside; counted as Python does, in code points."""


class Snippet(NamedTuple):
    """A part of a text, as plain text, and what in it matches."""

    text: str
    matches: list[Range]


def snippet_of(text: str, words: Collection[str], chars_max: int = CHARS_MAX) -> Snippet:
    """Return the part of a text around its first match; `…` stands for what is left out."""
    text = " ".join(text.split())
    matches = matches_in(text, words)
    if len(text) <= chars_max:
        return Snippet(text, matches)
    start = max(0, min(matches[0][0] - _BEFORE if matches else 0, len(text) - chars_max))
    end = start + chars_max
    before, after = _MORE if start else "", _MORE if end < len(text) else ""
    moved = len(before) - start
    within = [
        (max(a, start) + moved, min(b, end) + moved) for a, b in matches if b > start and a < end
    ]
    return Snippet(before + text[start:end] + after, within)


def matches_in(text: str, words: Collection[str]) -> list[Range]:
    """Return where words stand in a text, in order; those that touch are one.

    The words are folded (`words_of`); the text is as it was written.
    """
    found, origin = _folded(text)
    marked = [False] * len(text)
    for word in words:
        at = found.find(word)
        while at >= 0:
            end = at + len(word)
            if _is_start(found, at):
                marked[origin[at] : origin[end - 1] + 1] = [True] * (
                    origin[end - 1] + 1 - origin[at]
                )
            at = found.find(word, at + 1)
    return _ranges(marked)


_folded_char = lru_cache(maxsize=8192)(folded)


def _folded(text: str) -> tuple[str, list[int]]:
    """The text folded character by character, and from which one each of its characters came."""
    pieces, origin = list[str](), list[int]()
    for at, char in enumerate(text):
        piece = _folded_char(char)
        pieces.append(piece)
        origin += [at] * len(piece)
    return "".join(pieces), origin


def _is_start(folded: str, start: int) -> bool:
    """Whether a word begins where it is found, in scripts that part words; Chinese has no gaps."""
    if is_cjk(folded[start]) or start == 0:
        return True
    before, first = folded[start - 1], folded[start]
    return not before.isalnum() or is_cjk(before) or before.isdigit() != first.isdigit()


def _ranges(marked: list[bool]) -> list[Range]:
    ranges = list[Range]()
    start = -1
    for at, mark in enumerate([*marked, False]):
        if mark and start < 0:
            start = at
        elif not mark and start >= 0:
            ranges.append((start, at))
            start = -1
    return ranges
