"""Weighs how well a document answers a query. Pure. docs/search.md says it in words."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from server.features.search.documents import Kind
from server.features.search.query import Term

COVERED, TITLED, TOGETHER, WHOLE = 0.66, 0.16, 0.13, 0.05
"""What counts: which words it has, which in its title, which stand together as in the query, and
how much of its title they are."""
KINDS: Final[dict[Kind, float]] = {
    "goods": 1.0, "room": 1.0, "host": 1.0, "note": 0.98, "answer": 0.97, "moment": 0.92,
}  # fmt: skip
"""What can be bought or watched comes before what was said of it."""
TEXT_PAIRS = 0.5
"""The share that counts of a pair that stands in the text, not in the title."""
DIGITS: Final = 2
"""Relevance is compared to so many digits: what is closer is equal."""


class Wish:
    """A query as documents are compared with it."""

    def __init__(self, terms: Sequence[Term], pairs: Sequence[str]) -> None:
        self._weights = [term.weight for term in terms]
        self._total = sum(self._weights)
        self._pairs = pairs
        self._meant: dict[str, list[tuple[int, float]]] = {}
        """Word -> the terms that it stands for, by number, with the share that counts."""
        for number, term in enumerate(terms):
            for word, share in term.choices.items():
                self._meant.setdefault(word, []).append((number, share))

    @property
    def words(self) -> Collection[str]:
        """All words that may be meant."""
        return self._meant.keys()

    def by_words(self, title: Sequence[str], text: Sequence[str]) -> float:
        """Return how relevant a document is by its words alone, from 0 to 1."""
        if not self._total:
            return 0.0
        in_title = self._shares(title)
        in_text = self._shares(text)
        titled = covered = 0.0
        for number, weight in enumerate(self._weights):
            share = in_title.get(number, 0.0)
            titled += weight * share
            covered += weight * max(share, in_text.get(number, 0.0))
        meant = self._meant
        whole = sum(len(w) for w in title if w in meant) / max(1, len("".join(title)))
        return (COVERED * covered + TITLED * titled) / self._total + WHOLE * whole

    def is_met_by(self, words: Iterable[str]) -> bool:
        """Whether a document with these words has one for each term."""
        return len(self._shares(words)) == len(self._weights)

    def _shares(self, words: Iterable[str]) -> dict[int, float]:
        shares: dict[int, float] = {}
        meant = self._meant
        for word in meant.keys() & words:
            for number, share in meant[word]:
                if share > shares.get(number, 0.0):
                    shares[number] = share
        return shares

    def together(self, title: str, text: str) -> float:
        """Return what is added for what stands together as in the query. The texts come in one
        piece (`query.in_one_piece`)."""
        if not self._pairs:
            return TOGETHER
        found = sum(1.0 if pair in title else TEXT_PAIRS * (pair in text) for pair in self._pairs)
        return TOGETHER * found / len(self._pairs)


def compared(kind: Kind, relevance: float) -> float:
    """Return the relevance as results are ordered by it."""
    return round(relevance * KINDS[kind], DIGITS)
