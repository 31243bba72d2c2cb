"""The search finds what is meant: a hundred queries over a market with their right answers."""

import pytest

from tests.search.market import Market
from tests.search.queries import LONG, SHORT, read

FIRST_MIN, THIRD_MIN = 90, 97
"""Of a hundred queries: how many must have a right answer first, and among the first three."""


async def ranks(market: Market, queries: str) -> dict[str, tuple[int, list[str]]]:
    """For each query the place of its first right answer (99: none), and what was found."""
    places = {}
    for query, right in read(queries):
        found = await market.found(query)
        places[query] = min((found.index(r) for r in right if r in found), default=99), found[:3]
    return places


def test_half_of_the_queries_are_long() -> None:
    assert (len(read(LONG)), len(read(SHORT))) == (50, 50)
    assert min(len(query) for query, _ in read(LONG)) >= 8


@pytest.mark.parametrize(("name", "queries"), [("long", LONG), ("short", SHORT)])
async def test_a_hundred_queries_find_what_is_meant(
    full_market: Market, name: str, queries: str
) -> None:
    places = await ranks(full_market, queries)
    first = sum(place == 0 for place, _ in places.values())
    third = sum(place < 3 for place, _ in places.values())
    missed = {query: found for query, (place, found) in places.items() if place}
    print(f"{name}: hit@1 {first}/50, hit@3 {third}/50; not first: {missed}")
    assert 2 * first >= FIRST_MIN, missed
    assert 2 * third >= THIRD_MIN, missed
