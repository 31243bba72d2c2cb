"""Makes a query of a text: its words, each with the words that may stand for it."""

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.settings import SearchSettings
from server.features.search.vocabulary import ALL, documents_with, words_like, words_that_begin
from server.features.search.words import Run, folded, parts_of, runs_of
from server.text.folding import squeezed

PREFIXES_MAX = 8
"""Words that the last word of a query may be the beginning of."""
LIKE_MAX = 4
"""Words that one with a typing error may stand for."""
PREFIX, PART, LIKE = 0.8, 0.5, 0.7
"""The share of a word's weight that counts if another word stands for it: one that it begins, one
that is part of it, one that is a typing error away."""
_HAN_TYPO_CHARS = range(3, 7)


class Term(NamedTuple):
    """A word of a query. `choices`: the words that may stand for it, with the share that counts;
    `documents`: how many have one of them, at most, and `share`: which part of all that is;
    `weight`: how much it says (its rarity)."""

    choices: Mapping[str, float]
    documents: int
    share: float
    weight: float


class Query(NamedTuple):
    """A query whose words are known. `terms`: the rarest first; `mended`: the same with typing
    errors of whole stretches mended, for when nothing has all terms; `pairs`: what stands together
    in it."""

    terms: list[Term]
    mended: list[Term]
    pairs: list[str]


class _Known(NamedTuple):
    """What the index has of the words of a query, with in how many documents."""

    words: Mapping[str, int]
    begun: Mapping[str, int]
    like: Mapping[str, Mapping[str, int]]


async def query_of_text(connection: AsyncConnection, text: str, settings: SearchSettings) -> Query:
    """Look up the words of a query. Words that no document has are left out."""
    runs = runs_of(text)
    words = list(dict.fromkeys(w for run in runs for w in run.words))[: settings.terms_max]
    last = words[-1] if words and not folded(text).endswith((" ", ".", "'")) else ""
    parts = {part for word in words for part in parts_of(word)}
    known = await documents_with(connection, {ALL, *words, *parts})
    begun = await words_that_begin(connection, last, PREFIXES_MAX) if last else {}
    like = await _like(connection, runs, words, known, begun, last, settings.typo_terms_max)
    found = _Known(known, begun, like)
    every = max(1, known.get(ALL, 0))
    return Query(
        _terms(words, last, found, every),
        _mended(runs, words, last, found, every),
        pairs_of(runs),
    )


async def _like(
    connection: AsyncConnection,
    runs: list[Run],
    words: list[str],
    known: Mapping[str, int],
    begun: Mapping[str, int],
    last: str,
    terms_max: int,
) -> Mapping[str, Mapping[str, int]]:
    """Words of a short query that nobody has written, and what may be meant by them."""
    unknown = [word for word in words if word not in known and not (word == last and begun)]
    stretches = [run.text for run in _short_han(runs) if run.text not in known]
    if len(words) > terms_max and not (len(runs) <= 2 and stretches):
        return {}
    return await words_like(connection, [*unknown, *stretches], LIKE_MAX)


def _short_han(runs: Iterable[Run]) -> list[Run]:
    return [run for run in runs if run.is_han and len(run.text) in _HAN_TYPO_CHARS]


def _terms(words: Iterable[str], last: str, found: _Known, every: int) -> list[Term]:
    terms = []
    for word in words:
        choices = _choices(word, word == last, found)
        if choices:
            terms.append(_term(choices, found, every))
    return sorted(terms, key=lambda term: (-term.weight, *term.choices))


def _choices(word: str, is_last: bool, found: _Known) -> dict[str, float]:
    choices = {part: PART for part in parts_of(word) if part in found.words}
    if is_last:
        choices |= dict.fromkeys(found.begun, PREFIX)
    if word in found.words:
        choices[word] = 1.0
    elif not choices:
        choices = dict.fromkeys(found.like.get(word, ()), LIKE)
    return choices


def _term(choices: Mapping[str, float], found: _Known, every: int) -> Term:
    counts = {**found.words, **found.begun}
    for like in found.like.values():
        counts |= like
    documents = min(every, sum(counts[word] for word in choices))
    # A word that is there is as rare as it is, however many others it is the beginning of.
    itself = [counts[word] for word, share in choices.items() if share == 1.0]
    rare = min(every, itself[0]) if itself else documents
    weight = math.log(1 + (every - rare + 0.5) / (rare + 0.5))
    return Term(choices, documents, documents / every, weight)


def _mended(runs: list[Run], words: list[str], last: str, found: _Known, every: int) -> list[Term]:
    """The terms with each short stretch of Chinese in place of its words, if it can be mended."""
    stretches = [run for run in _short_han(runs) if run.text in found.like]
    if not stretches:
        return []
    inside = {word for run in stretches for word in run.words}
    terms = _terms([word for word in words if word not in inside], last, found, every)
    terms += [_term(dict.fromkeys(found.like[run.text], LIKE), found, every) for run in stretches]
    return sorted(terms, key=lambda term: (-term.weight, *term.choices))


def pairs_of(runs: Iterable[Run]) -> list[str]:
    """Return what stands side by side: each two Chinese characters, each two words of others."""
    pairs: dict[str, None] = {}
    before: Run | None = None
    for run in runs:
        if run.is_han:
            pairs |= dict.fromkeys(a + b for a, b in pairwise(run.text))
        elif before is not None and not before.is_han:
            pairs[before.text + run.text] = None
        before = run
    return list(pairs)


def in_one_piece(text: str) -> str:
    """Return a text as `pairs_of` finds its pairs in it."""
    return squeezed(folded(text))
