"""Finds any number of phrases in a text in one pass.

Phrases and text are folded first. A phrase in a script with spaces between words matches whole
words only; a phrase in a script without spaces, such as Chinese, matches anywhere.
"""

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar

from server.text.folding import folded, is_cjk
from server.text.search import Search

T = TypeVar("T")


def _kind(char: str) -> int:
    """The class of a character: 1 letter, 2 digit, 0 other.

    At the edge of a phrase, characters of class 1 or 2 must not touch their own class.
    """
    if not char.isalnum() or is_cjk(char):
        return 0
    return 1 if char.isalpha() else 2


class Hit(NamedTuple, Generic[T]):
    """A phrase that was found: its meaning, and its place in the folded text."""

    means: T
    start: int
    end: int


class _Phrase(NamedTuple, Generic[T]):
    """What a phrase means, and the kinds of its first and last character."""

    meanings: list[T]
    left: int
    right: int


class PhraseBook(Generic[T]):
    """Phrases with meanings. One phrase may have several, and phrases may overlap."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        meanings: dict[str, list[T]] = {}
        for phrase, means in entries:
            if normal := folded(phrase):
                meanings.setdefault(normal, []).append(means)
        # "link" is not in "blinking", but "cm" is in "20cm".
        self._search = Search(
            {
                phrase: _Phrase(means, _kind(phrase[0]), _kind(phrase[-1]))
                for phrase, means in meanings.items()
            }
        )

    def hits(self, text: str) -> list[Hit[T]]:
        """All phrases in a folded text, in the order of their ends."""
        return [
            Hit(means, start, end)
            for phrase, start, end in self._search.hits(text)
            if _stands_alone(phrase, text, start, end)
            for means in phrase.meanings
        ]


def _stands_alone(phrase: _Phrase[T], text: str, start: int, end: int) -> bool:
    if phrase.left and start > 0 and _kind(text[start - 1]) == phrase.left:
        return False
    return not (phrase.right and end < len(text) and _kind(text[end]) == phrase.right)
