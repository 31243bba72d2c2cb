"""Finds any number of words in a text in one pass (Aho-Corasick)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

T = TypeVar("T")


class Search(Generic[T]):
    """Searches for words, each with a meaning. They may overlap.

    Words and texts are compared letter by letter, so both have to be folded the same way
    (`server.text.folding`). Whether a hit counts, such as a whole word only, is for the caller.
    Making one takes about 1 ms for 2,000 characters, during which no other thread runs.
    `piece_chars_max` makes it of several automata with at most so many characters (or one word).
    """

    def __init__(self, words: Mapping[str, T], *, piece_chars_max: float = inf) -> None:
        self._pieces = [
            (AhoCorasick(list(piece), store_patterns=False), [words[word] for word in piece])
            for piece in _pieces(words, piece_chars_max)
        ]

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def hits(self, text: str) -> list[tuple[T, int, int]]:
        """Return (meaning, start, end) of each word found, in the order of ends in each piece."""
        found: list[tuple[T, int, int]] = []
        for automaton, meanings in self._pieces:
            hits = automaton.find_matches_as_indexes(text, overlapping=True)
            if hits:
                found += [(meanings[n], start, end) for n, start, end in hits]
        return found


def _pieces(words: Iterable[str], chars_max: float) -> Iterator[Sequence[str]]:
    """All words, in lists of at most `chars_max` characters or one word."""
    piece, chars = list[str](), 0
    for word in words:
        if piece and chars + len(word) > chars_max:
            yield piece
            piece, chars = [], 0
        piece.append(word)
        chars += len(word)
    if piece:
        yield piece
