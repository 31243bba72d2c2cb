"""Takes a text apart into the words it is found by: Chinese by rjieba, all else by its script.

Texts and queries are folded alike first (`folded`: width, case, accents, signs, traditional
characters).
Words that are not in the dictionary stay single characters: guesses (HMM) differ between a title
and a query about it.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from server.text.folding import plain
from server.text.han import simplified

CHARS_MAX = 40
"""A longer word is known by its beginning."""

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff"
"""Thai, Lao, Burmese, Khmer, kana: no space parts their words, and no dictionary here does."""
_RUN = re.compile(
    f"(?P<han>[{_HAN}]+)|(?P<unspaced>[{_UNSPACED}]+)|(?P<digits>[0-9]+)"
    f"|(?P<letters>[^. '0-9{_HAN}{_UNSPACED}]+)"
)
_HAN_WORD = re.compile(f"[{_HAN}]")
Cut = Callable[[str, bool], list[str]]


class Run(NamedTuple):
    """A stretch of a text in one script, with its words. `han`: in Chinese characters."""

    text: str
    words: list[str]
    is_han: bool


class _Dictionary(NamedTuple):
    cut: Cut
    """Into words side by side."""
    cut_fine: Cut
    """The same, with the shorter words inside of long ones."""


@cache
def _dictionary() -> _Dictionary:
    import rjieba

    return _Dictionary(rjieba.cut, rjieba.cut_for_search)


def folded(text: str) -> str:
    """Return a text as the search compares it: `plain`, in simplified characters."""
    return simplified(plain(text))


def load_dictionary() -> None:
    """Load the dictionary (a quarter of a second, 33 MB), so that no request has to wait for it."""
    _dictionary().cut("字", False)


def words_of(text: str) -> list[str]:
    """Return the words a text is found by, in order, with the shorter words inside of long ones."""
    return [word for run in _runs(text, _dictionary().cut_fine) for word in run.words]


def words_of_title(text: str) -> list[str]:
    """`words_of` with the single Chinese characters inside of words: a name or a short title is
    found however it and the query are taken apart (木木的 is a word, 木木 is none)."""
    words = words_of(text)
    chars = [char for word in words if len(word) > 1 and _HAN_WORD.match(word) for char in word]
    return words + list(dict.fromkeys(char for char in chars if char not in words))


def runs_of(text: str) -> list[Run]:
    """Return the stretches of a query with their words side by side."""
    return list(_runs(text, _dictionary().cut))


def parts_of(word: str) -> list[str]:
    """Return the shorter words of the dictionary inside of a word."""
    return [part for part in _dictionary().cut_fine(word, False) if part != word]


def _runs(text: str, cut: Cut) -> Iterator[Run]:
    for found in _RUN.finditer(folded(text)):
        run, script = found[0], found.lastgroup
        if script == "han":
            yield Run(run, cut(run, False), True)
        elif script == "unspaced" and len(run) > 1:
            yield Run(run, [run[at : at + 2] for at in range(len(run) - 1)], False)
        else:
            yield Run(run, [run[:CHARS_MAX]], False)
