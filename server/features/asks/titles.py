"""Finds the product that a text names, by words of the titles on the shelf. Pure.

A title's words are its spaced words and each pair of neighbouring Chinese characters. The text
names the product whose words cover most of it; if two products tie, it names none.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

from server.features.asks.intent_rules import IntentRules, phrases
from server.features.asks.phrases import PhraseBook
from server.text.folding import folded, is_cjk

_WORD = re.compile(r"[^\W_]+")


class Titled(Protocol):
    """A product, as far as a text may name it."""

    @property
    def sku(self) -> str:
        """What names it."""

    @property
    def title(self) -> str:
        """Whose words may name it."""


class TellingWords:
    """Picks the words that can tell products apart, by the rules of a shop.

    Words that viewers ask with (size, 尺寸) do not count, even if a title has them.
    """

    def __init__(self, rules: IntentRules) -> None:
        said = [folded(phrase) for each in phrases(rules) for phrase in each]
        self._ignored = {folded(word) for word in rules.titles.ignore}
        self._ignored.update(word for phrase in said for word in _words(phrase))

    def telling_words_of(self, title: str) -> set[str]:
        """The words of a title that can tell it from other titles."""
        return {
            word
            for word in _words(folded(title))
            if len(word) > 1 and not word.isdigit() and word not in self._ignored
        }


class Titles:
    """The words of the titles on one shelf."""

    def __init__(self, products: Iterable[Titled], telling: TellingWords) -> None:
        self.products = tuple(products)
        self._book: PhraseBook[str] = PhraseBook(
            (word, product.sku)
            for product in self.products
            for word in telling.telling_words_of(product.title)
        )

    def find(self, text: str) -> str:
        """The sku of the one product that a folded text names; "" if none or several."""
        covered: dict[str, set[int]] = {}
        for hit in self._book.hits(text):
            covered.setdefault(hit.means, set()).update(range(hit.start, hit.end))
        best = Counter({sku: len(places) for sku, places in covered.items()}).most_common(2)
        if not best or (len(best) > 1 and best[0][1] == best[1][1]):
            return ""
        return best[0][0]


def _words(text: str) -> Iterator[str]:
    """Yield spaced words whole, and Chinese characters in pairs of neighbours."""
    for run in _WORD.findall(text):
        word = ""
        for n, char in enumerate(run):
            if not is_cjk(char):
                word += char
                continue
            if word:
                yield word
                word = ""
            if n + 1 < len(run) and is_cjk(run[n + 1]):
                yield char + run[n + 1]
        if word:
            yield word
