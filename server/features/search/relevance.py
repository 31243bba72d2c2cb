"""How well a document answers a query. Pure. docs/search.md says it in words."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from server.features.search.documents import Kind
from server.features.search.query import Term

COVERED, TITLED, TOGETHER, WHOLE = 0.66, 0.16, 0.13, 0.05
"""What counts: which words it has, which in its title, which stand together as in the query, and
how much of its title they are."""
KINDS: Final[dict[Kind, float]] = {
    "goods": 1.0, "room": 1.0, "host": 1.0, "answer": 0.97, "moment": 0.92,
}  # fmt: skip
"""What can be bought or watched comes before what was said of it."""
TEXT_PAIRS = 0.5
"""The share that counts of a pair that stands in the text, not in the title."""
DIGITS: Final = 2
"""Relevance is compared to so many digits: what is closer is equal."""


class Words(NamedTuple):
    """A document as its relevance is computed: its words, and its texts in one piece."""

    title: Sequence[str]
    text: Sequence[str]
    title_piece: str
    text_piece: str


def relevance_of(kind: Kind, words: Words, terms: Sequence[Term], pairs: Sequence[str]) -> float:
    """Return how relevant a document is, from 0 to 1, rounded to DIGITS."""
    total = sum(term.weight for term in terms)
    if not total:
        return 0.0
    in_title, in_text = set(words.title), set(words.text)
    covered = titled = 0.0
    meant = set[str]()
    for term in terms:
        meant.update(term.choices)
        title_share = max((s for w, s in term.choices.items() if w in in_title), default=0.0)
        text_share = max((s for w, s in term.choices.items() if w in in_text), default=0.0)
        covered += term.weight * max(title_share, text_share)
        titled += term.weight * title_share
    whole = _chars(w for w in words.title if w in meant) / max(1, _chars(words.title))
    score = (
        COVERED * covered / total
        + TITLED * titled / total
        + TOGETHER * _together(words, pairs)
        + WHOLE * whole
    )
    return round(score * KINDS[kind], DIGITS)


def _chars(words: Iterable[str]) -> int:
    return sum(map(len, words))


def _together(words: Words, pairs: Sequence[str]) -> float:
    if not pairs:
        return 1.0
    found = sum(
        1.0 if pair in words.title_piece else TEXT_PAIRS * (pair in words.text_piece)
        for pair in pairs
    )
    return found / len(pairs)
