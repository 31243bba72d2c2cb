"""The search finds what is meant: a hundred queries over a market with their right answers."""

import pytest

from tests.search.market import START, Market, put
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
    said = f"{name}: hit@1 {first}/50, hit@3 {third}/50; not first: {missed}"
    assert (2 * first >= FIRST_MIN, 2 * third >= THIRD_MIN) == (True, True), said


async def test_all_words_come_before_most_and_most_before_some(market: Market) -> None:
    await market.put_head("r")
    await market.tell(
        "r",
        put("some", "阔腿裤"),
        put("all", "高腰 垂感 阔腿裤 女"),
        put("most", "高腰 阔腿裤 男"),
        put("other", "羽绒服"),
    )
    assert await market.found("高腰垂感阔腿裤") == ["goods all", "goods most", "goods some"]


async def test_a_rare_word_says_more_than_a_common_one(market: Market) -> None:
    await market.put_head("r")
    await market.tell("r", *(put(f"n{n}", f"新款 裙子 {n}") for n in range(9)))
    await market.tell("r", put("rare", "翡翠 手镯"))
    assert (await market.found("新款翡翠"))[0] == "goods rare"


async def test_a_title_comes_before_a_text(market: Market) -> None:
    await market.put_head("r")
    await market.tell("r", put("title", "羊毛 开衫"), put("text", "开衫", "1", "羊毛"))
    assert await market.found("羊毛开衫") == ["goods title", "goods text"]


async def test_traditional_and_simplified_characters_find_each_other(market: Market) -> None:
    await market.put_head("r")
    await market.tell("r", put("simple", "梨形身材 阔腿裤"), put("old", "梨形身材 闊腿褲"))
    for query in ("梨形身材適合的闊腿褲", "梨形身材适合的阔腿裤", "闊腿裤"):
        found = (await market.search.page(query, "", "", 20)).results
        assert [each.id for each in found] == ["old", "simple"], query
        assert found[0].title == "梨形身材 闊腿褲", "it is shown as it was written"
        assert found[0].matches[-1] == (5, 8)


async def test_of_equals_the_live_room_comes_first_then_the_newest(market: Market) -> None:
    for room, phase in (("live", "live"), ("old", "ended"), ("new", "ended")):
        await market.put_head(room, host=room, host_name=room, phase=phase, started=START)
        await market.tell(room, put(room, "羊毛 开衫"))
    assert await market.found("羊毛开衫") == ["goods live", "goods new", "goods old"]


async def test_a_word_in_most_documents_still_finds_the_newest(market: Market) -> None:
    await market.put_head("r")
    await market.tell("r", *(put(f"n{n}", f"裙子 {n}") for n in range(400)))
    found = (await market.search.page("裙子", "", "", 50)).results
    assert len(found) == 50
    assert found[0].id == "n399"
