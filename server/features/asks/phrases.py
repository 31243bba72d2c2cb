"""Finds any number of phrases in a text in one pass (Aho-Corasick).

Phrases and text are normalised first. A phrase in a script with spaces between words matches whole
words only; a phrase in a script without spaces, such as Chinese, matches anywhere.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from ahocorasick_rs import AhoCorasick

T = TypeVar("T")

_CJK = "\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_CJK_ONE = re.compile(f"[{_CJK}]")
_CJK_GAP = re.compile(f"(?<=[{_CJK}]) (?=[{_CJK}])")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_FLAT = str.maketrans(
    dict.fromkeys("’‘`´", "'") | dict.fromkeys("œŒ", "oe") | dict.fromkeys("æÆ", "ae")
)


def normalise(text: str) -> str:
    """Remove differences of width, case, accents and spacing from `text`."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_FLAT)).casefold()
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
        text = _CJK_GAP.sub("", " ".join(text.split()))
    else:
        text = " ".join(text.lower().split())
    return text.replace(" ?", "?") if " ?" in text else text


def is_cjk(char: str) -> bool:
    """Whether a character is written without spaces around its words."""
    return _CJK_ONE.match(char) is not None


def _kind(char: str) -> int:
    """The class of a character: 1 letter, 2 digit, 0 other.

    At the edge of a phrase, characters of class 1 or 2 must not touch their own class.
    """
    if not char.isalnum() or is_cjk(char):
        return 0
    return 1 if char.isalpha() else 2


class Hit(NamedTuple, Generic[T]):
    """A phrase that was found: its meaning, and its place in the normalised text."""

    means: T
    start: int
    end: int


class PhraseBook(Generic[T]):
    """Phrases with meanings. One phrase may have several, and phrases may overlap."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        meanings: dict[str, list[T]] = {}
        for phrase, means in entries:
            if normal := normalise(phrase):
                meanings.setdefault(normal, []).append(means)
        self._meanings = list(meanings.values())
        # "link" is not in "blinking", but "cm" is in "20cm".
        self._edges = [(_kind(phrase[0]), _kind(phrase[-1])) for phrase in meanings]
        self._automaton = AhoCorasick(list(meanings)) if meanings else None

    def hits(self, text: str) -> list[Hit[T]]:
        """All phrases in a normalised text, in the order of their ends."""
        if self._automaton is None:
            return []
        found = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return [
            Hit(means, start, end)
            for n, start, end in found
            if self._stands_alone(n, text, start, end)
            for means in self._meanings[n]
        ]

    def _stands_alone(self, n: int, text: str, start: int, end: int) -> bool:
        left, right = self._edges[n]
        if left and start > 0 and _kind(text[start - 1]) == left:
            return False
        return not (right and end < len(text) and _kind(text[end]) == right)
