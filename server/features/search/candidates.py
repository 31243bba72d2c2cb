"""Chooses which documents are looked at for a query: those with its rarest words, then with most of
these.

A search never reads more of the index than a few times `candidates_max`: a word that half of all
documents have finds only the newest of them by itself. And it asks the index for the rarest words
alone, wherever few documents have these: each further word would be looked up for every document
that has the others, while relevance counts all words of the few that are found.
"""

import math
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.index import Wanted, index_of
from server.features.search.query import Term

RARE_MAX = 5
"""Words that documents are asked for first: with 4, seven of 300 queries found less."""
ENOUGH = 40
"""Found so many, a search leaves out no words."""
SKIPPED_MAX = 3
"""Of the rarest words, so many are left out one after the other."""
ALONE_MAX = 5
"""Of the rarest words, so many are looked for each alone."""
FEW = 30
"""Documents that are looked at of each step that leaves out words."""


async def candidates_of(
    connection: AsyncConnection, terms: Sequence[Term], kinds: Sequence[str], most: int
) -> list[int]:
    """Return ids of documents. `terms`: the rarest first."""
    if not terms:
        return []
    index = index_of(connection)
    rare = terms[:RARE_MAX]
    (found,) = await index.find(connection, [_wanted(rare)], most, kinds)
    if len(found) >= most:
        more = [_wanted(rare, in_title=True)]
        if len(terms) > len(rare):  # older ones may have all words
            more += [_wanted(terms), _wanted(terms, in_title=True)]
        further = await index.find(connection, more, most, kinds)
    elif len(found) < ENOUGH and (fewer := [_wanted(some) for some in _fewer(terms)]):
        further = await index.find(connection, fewer, min(FEW, most), kinds)
    else:
        further = []
    return list(dict.fromkeys([*found, *(id_ for ids in further for id_ in ids)]))


def _wanted(terms: Sequence[Term], *, in_title: bool = False) -> Wanted:
    rarest = min(terms, key=lambda term: term.share)
    share = rarest.share
    if len(terms) > 1:  # half way between words that always and that only by chance come together
        share = math.sqrt(share * math.prod(term.share for term in terms))
    documents = round(rarest.documents * share / max(rarest.share, 1e-9))
    return Wanted([list(term.choices) for term in terms], documents, share, in_title)


def _fewer(terms: Sequence[Term]) -> list[Sequence[Term]]:
    """Return fewer and fewer terms: without the most common ones, then without the rarest, which
    nobody may have meant; at last each of the rarest alone."""
    several = len(terms)
    if several < 2:
        return []
    steps = [terms[:n] for n in range(min(several, RARE_MAX) - 1, 1, -1)]
    skipped = range(1, min(several - 1, SKIPPED_MAX) + 1)
    steps += [terms[n : n + RARE_MAX] for n in skipped]
    return steps + [terms[n : n + 1] for n in range(min(several, ALONE_MAX))]
