"""Finds words in a text, also in disguise, in one pass for all of them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice, pairwise, product
from math import inf, prod
from typing import Generic, NamedTuple, TypeVar

from server.text.folding import GAP, GAPS, SPACE, plain, squeezed
from server.text.readings import readings, twin
from server.text.search import Search

T = TypeVar("T")

FORMS_MAX = 64
"""Spellings of one word that its variants may give; further ones are left out."""
PIECE_OF_SEARCH_CHARS_MAX = 20_000
"""Characters of one automaton: a few ms to make, during which no other thread runs."""
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
    What variants add is at most `variants_chars_max` characters in all, the same number of
    spellings for each word. Raises ValueError for a word without letters or digits.
    Making one takes about 1 ms for 2,000 characters; of many, it is made in a thread.
    """

    def __init__(
        self,
        words: Mapping[str, T],
        *,
        variants: Collection[tuple[str, ...]] = (),
        disguises: bool = True,
        variants_chars_max: float = inf,
    ) -> None:
        self._disguises = disguises
        forms: dict[str, list[_Form[T]]] = {}
        folded = {word: plain(word) for word in words}
        spellings = _Spellings(variants, folded.values(), variants_chars_max)
        for word, value in words.items():
            _must_have_letters(word, folded[word])
            for spelling in spellings.spellings_of(word, folded[word]):
                letters, gaps = _taken_apart(spelling)
                if letters:
                    forms.setdefault(letters, []).append(_Form(gaps, value))
        self.chars = sum(map(len, forms))
        self._search = Search(forms, piece_chars_max=PIECE_OF_SEARCH_CHARS_MAX)

    def __bool__(self) -> bool:
        return bool(self._search)

    def find(self, text: str) -> Iterator[T]:
        """The values of the words in `text`, by place; one may come more than once."""
        if self._search:
            for reading in readings(text) if self._disguises else (plain(text),):
                yield from self.find_in(reading)

    def find_in(self, reading: str) -> Iterator[T]:
        """The same for one reading of a text (`folding.readings`)."""
        hits = self._search.hits(squeezed(reading))
        if hits:
            yield from _whole(reading, hits)

    def first(self, text: str) -> T | None:
        """The first value found, or None."""
        return next(self.find(text), None)


def must_have_letters(word: str) -> None:
    """Raises ValueError, with a sentence, for a word that can't be looked for."""
    _must_have_letters(word, plain(word))


def _must_have_letters(word: str, folded: str) -> None:
    if not squeezed(folded):
        raise ValueError(f"`{word}` has no letter or digit to look for.")


def _whole(reading: str, hits: Iterable[tuple[list[_Form[T]], int, int]]) -> Iterator[T]:
    places = [at for at, char in enumerate(reading) if char not in GAPS]
    for forms, start, end in hits:
        span = places[start:end]
        if not _has_edges(reading, span[0], span[-1]):
            continue
        for form in forms:
            if _hangs_together(reading, span, form.gaps):
                yield form.value


class _Spellings:
    """How words may be spelled. Of each as many as `chars_max` leaves to all of them.

    `folded` are all the words, as `plain` gives them.
    """

    def __init__(
        self, variants: Collection[tuple[str, ...]], folded: Iterable[str], chars_max: float
    ) -> None:
        self._choices = {group[0]: group for group in variants}
        self.each_max = FORMS_MAX
        if chars_max < inf:
            numbers = [(len(word), self._number(word)) for word in folded]
            varied = [(chars, number - 1) for chars, number in numbers if number > 1]
            while chars_max < sum(chars * min(more, self.each_max - 1) for chars, more in varied):
                self.each_max //= 2

    def spellings_of(self, word: str, folded: str) -> Iterator[str]:
        """The word folded, and with its letters' variants; each once."""
        spellings = [folded, twin(word)]
        if self._number(folded) > 1:
            others = product(*(self._choices.get(char, (char,)) for char in folded))
            spellings += map(plain, islice(map("".join, others), self.each_max))
        yield from dict.fromkeys(spellings)

    def _number(self, folded: str) -> int:
        """Return how many spellings variants give, FORMS_MAX at most."""
        counts = [len(self._choices[char]) for char in folded if char in self._choices]
        return min(FORMS_MAX, prod(counts))


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
