"""Which documents are looked at for a query: those with all of its words, then with most of them.

A search never reads more of the index than a few times `candidates_max`: a word that half of all
documents have finds only the newest of them by itself.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.index import Wanted, index_of
from server.features.search.query import Term

ENOUGH = 40
"""Found so many, a search leaves out no words."""
STEPS_MAX = 5
"""Words that are left out one after the other."""
RAREST_MAX = 3
"""Of the rarest words, so many are left out one after the other."""
FEW = 30
"""Documents that are looked at of each step that leaves out words."""


async def candidates_of(
    connection: AsyncConnection, terms: Sequence[Term], kinds: Sequence[str], most: int
) -> tuple[list[int], bool]:
    """Return ids of documents, and whether some have all terms. `terms`: the rarest first."""
    if not terms:
        return [], False
    index = index_of(connection)
    every = [_wanted(terms, in_title=True), _wanted(terms)]
    titled, anywhere = await index.find(connection, every, most, kinds)
    found = dict.fromkeys([*titled, *anywhere])
    if len(found) < min(ENOUGH, most) and (fewer := [_wanted(some) for some in _fewer(terms)]):
        for ids in await index.find(connection, fewer, min(FEW, most), kinds):
            found |= dict.fromkeys(ids)
    return list(found), bool(titled or anywhere)


def _wanted(terms: Sequence[Term], *, in_title: bool = False) -> Wanted:
    share = min(term.share for term in terms)
    return Wanted([list(term.choices) for term in terms], share, in_title)


def _fewer(terms: Sequence[Term]) -> list[Sequence[Term]]:
    """Return fewer and fewer terms: without the most common ones, then without the rarest, which
    nobody may have meant; at last each of the rarest alone."""
    several = len(terms)
    if several < 2:
        return []
    steps: list[Sequence[Term]] = [terms[:n] for n in range(several - 1, 1, -1)][-STEPS_MAX:]
    steps += [terms[n:] for n in range(1, min(several - 1, RAREST_MAX) + 1)]
    return steps + [terms[n : n + 1] for n in range(min(several, STEPS_MAX))]
