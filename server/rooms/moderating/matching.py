"""Which of many words stand in a text, found in one pass (Aho-Corasick)."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice, pairwise, product
from typing import Generic, NamedTuple, TypeVar

from ahocorasick_rs import AhoCorasick

from server.rooms.moderating.folding import GAP, GAPS, SPACE, plain, readings, squeezed, twin

T = TypeVar("T")

FORMS_MAX = 64
"""Spellings of one word that its variants may give; further ones are left out."""
PIECES_MIN = 3
PIECE_CHARS_MAX = 2
"""`f u ck` is a word spelled out; `an us` may be two words."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Letters of scripts that write words without spaces, or hang endings on them."""


class _Form(NamedTuple, Generic[T]):
    """One spelling of a word: where separators may stand in it, and what it stands for."""

    gaps: frozenset[int]
    value: T


class Matcher(Generic[T]):
    """Finds words, each with a value of its own.

    Letters of scripts without spaces match anywhere, also with separators between them. Words of
    other scripts match whole words only, or the word spelled out: with signs in it (`w.o-r.d`), or
    in pieces of a letter or two (`w o r d`, `w o rd`). A separator in the word itself may be there
    or not.
    `variants` are groups of characters of which each may stand for the first; with `disguises`
    words are also found behind digits, look-alikes and stretched letters (`folding.readings`).
    Raises ValueError for a word without letters or digits.
    """

    def __init__(
        self,
        words: Mapping[str, T],
        *,
        variants: Collection[tuple[str, ...]] = (),
        disguises: bool = True,
    ) -> None:
        self._disguises = disguises
        forms: dict[str, list[_Form[T]]] = {}
        for word, value in words.items():
            for spelling in _spellings(word, variants):
                letters, gaps = _taken_apart(spelling)
                if not letters:
                    raise ValueError(f"`{word}` has no letter or digit to look for.")
                forms.setdefault(letters, []).append(_Form(gaps, value))
        self._letters = list(forms)
        self._forms = list(forms.values())
        self._search = AhoCorasick(self._letters) if forms else None

    def __bool__(self) -> bool:
        return self._search is not None

    def find(self, text: str) -> Iterator[T]:
        """The values of the words in `text`, by place; one may come more than once."""
        if self._search is not None:
            for reading in readings(text) if self._disguises else (plain(text),):
                yield from self.find_in(reading)

    def find_in(self, reading: str) -> Iterator[T]:
        """The same for one reading of a text (`folding.readings`)."""
        if self._search is not None:
            hits = self._search.find_matches_as_indexes(squeezed(reading), overlapping=True)
            if hits:
                yield from self._whole(reading, hits)

    def first(self, text: str) -> T | None:
        """The first value found, or None."""
        return next(self.find(text), None)

    def _whole(self, reading: str, hits: Iterable[tuple[int, int, int]]) -> Iterator[T]:
        places = [at for at, char in enumerate(reading) if char not in GAPS]
        for index, start, end in hits:
            span = places[start:end]
            if not _has_edges(reading, span[0], span[-1]):
                continue
            for form in self._forms[index]:
                if _hangs_together(reading, span, form.gaps):
                    yield form.value


def _spellings(word: str, variants: Collection[tuple[str, ...]]) -> Iterator[str]:
    """The word folded, and with its letters' variants; each once."""
    choices = {group[0]: group for group in variants}
    others = product(*(choices.get(char, (char,)) for char in plain(word)))
    spelled = islice(map("".join, others), FORMS_MAX)
    yield from dict.fromkeys([plain(word), twin(word), *map(plain, spelled)])


def _taken_apart(spelling: str) -> tuple[str, frozenset[int]]:
    """Its letters without separators, and before which of them one stood."""
    letters, gaps = "", set[int]()
    for char in spelling:
        if char not in GAPS:
            letters += char
        elif letters:
            gaps.add(len(letters))
    return letters, frozenset(gaps)


def _has_edges(reading: str, first: int, last: int) -> bool:
    """Whether what stands from `first` to `last` is no part of a longer word or number."""
    before = reading[first - 1] if first else SPACE
    after = reading[last + 1] if last + 1 < len(reading) else SPACE
    return not (_is_one(before, reading[first]) or _is_one(reading[last], after))


def _is_one(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word: both letters of a spaced script, or digits."""
    if left in GAPS or right in GAPS or left.isdigit() != right.isdigit():
        return False
    return not (_UNSPACED.match(left) or _UNSPACED.match(right))


def _hangs_together(reading: str, span: list[int], own_gaps: frozenset[int]) -> bool:
    """Whether the separators inside a hit are the word's own, or there to hide it."""
    pieces, size, is_spaced = list[int](), 0, False
    for n, (left, right) in enumerate(pairwise(span), 1):
        size += 1
        if _UNSPACED.match(reading[left]) or _UNSPACED.match(reading[right]):
            size = 0  # beside a script without spaces a separator hides nothing
        elif right > left + 1 and n not in own_gaps:
            pieces.append(size)
            size, is_spaced = 0, is_spaced or bool(reading[left + 1 : right].strip(GAP))
    pieces.append(size + 1)
    if not is_spaced or max(pieces) == 1:
        return True
    return len(pieces) >= PIECES_MIN and max(pieces) <= PIECE_CHARS_MAX
