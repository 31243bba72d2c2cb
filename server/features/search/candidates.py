"""Which documents are looked at for a query: those with all of its words, then with most of them.

A search never reads more of the index than a few times `candidates_max`: a word that half of all
documents have finds only the newest of them by itself.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.index import index_of
from server.features.search.query import Term

ENOUGH = 60
"""Found so many, a search leaves out no further words."""
STEPS_MAX = 6
"""Words that are left out one after the other."""


async def candidates_of(
    connection: AsyncConnection, terms: Sequence[Term], kinds: Sequence[str], most: int
) -> tuple[list[int], bool]:
    """Return ids of documents, and whether some have all terms. `terms`: the rarest first."""
    if not terms:
        return [], False
    found = dict[int, None]()

    async def find(some: Sequence[Term], *, in_title: bool = False) -> bool:
        ids = await index_of(connection).find(
            connection, [list(term.choices) for term in some], most, kinds=kinds, in_title=in_title
        )
        found.update(dict.fromkeys(ids))
        return bool(ids)

    titled = await find(terms, in_title=True)
    has_all = await find(terms) or titled
    for left in _fewer(terms):
        if len(found) >= min(ENOUGH, most):
            break
        await find(left)
    return list(found)[: 2 * most], has_all


def _fewer(terms: Sequence[Term]) -> list[Sequence[Term]]:
    """Return fewer and fewer terms: without the most common ones, then without the rarest, which
    nobody may have meant; at last each of the rarest alone."""
    several = len(terms)
    steps: list[Sequence[Term]] = [terms[:n] for n in range(several - 1, 1, -1)][:STEPS_MAX]
    if several > 1:
        steps.append(terms[1:])
    steps += [terms[n : n + 1] for n in range(min(several, STEPS_MAX)) if several > 1]
    return steps
