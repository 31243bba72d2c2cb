"""Whatever is typed gets an answer or a sentence; pages go on where the one before ended."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.features.search.searching import Search
from server.features.search.settings import SearchSettings
from server.house import keys_under, records_of, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.client import connect
from tests.search.market import Market, put

SYNTAX = ['"', "*", "NEAR(", " AND ", " OR ", " NOT ", "(", ")", ":", "^", "{title}", "-", "'",
          "&", "|", "!", "<->", "\\", "\0", "\x1b", "\u202e", "\ud800", "%", "_", ";--", "😀",
          "裤", "阔腿", "裤子", "pan", "ａ", "é", "ไทย", "カナ", "한국", " "]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["", '"', "*", "NEAR(裤 沙发)", "AND", "NOT 裤", "(((", "title:裤", "^裤", "裤*", "'; DROP",
     "!!!", "a & | !", "😀😀", "\x00\x01", "\u202e", " ", "\\", "%", "_", "\ud800",
     "裤" * 100, "a" * 100, "a b " * 25],
)  # fmt: skip
async def test_syntax_signs_and_emoji_are_answered(market: Market, query: str) -> None:
    await market.put_head("r", title="裤子专场")
    await market.search.page(query, "", "", 20)


@pytest.fixture
def own_loop(records_settings: Settings) -> Iterator[tuple[asyncio.Runner, Search]]:
    """A search in a loop that goes on from example to example, as Hypothesis is not async."""
    with asyncio.Runner() as loop:
        redis = connect(records_settings.redis.url, records_settings.redis)
        records = records_of(records_settings)
        store = store_on(redis, keys_under(records_settings.redis.key_prefix))
        search = Search(store, records, records_settings.section(SearchSettings))

        async def fill() -> None:
            market = Market(records, search)
            await market.put_head("r", title="裤子专场")
            await market.tell("r", put("pan", "不粘锅 pan"), put("wide", "阔腿裤 ＡＢ é"))

        async def close() -> None:
            await redis.aclose()
            await records.aclose()

        loop.run(fill())
        yield loop, search
        loop.run(close())


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(query=st.text(max_size=100) | st.lists(st.sampled_from(SYNTAX), max_size=30).map("".join),
       kind=st.sampled_from(["", "goods", "moment"]))  # fmt: skip
def test_any_text_of_bearable_length_is_answered(
    own_loop: tuple[asyncio.Runner, Search], query: str, kind: str
) -> None:
    loop, search = own_loop
    loop.run(search.page(query, kind, "", 5))


async def test_a_long_query_is_refused_with_a_sentence(market: Market) -> None:
    for query in ("裤" * 101, "a" * 10_240):
        with pytest.raises(CommandError) as refused:
            await market.search.page(query, "", "", 20)
        assert refused.value.code == "bad_message"


async def test_pages_give_every_result_once(market: Market) -> None:
    await market.put_head("r", title="T")
    await market.tell("r", *(put(f"n{n}", f"沙发 {n}") for n in range(30)))
    seen, cursor = [], ""
    while True:
        page = await market.search.page("沙发", "", cursor, 7)
        seen += [result.id for result in page.results]
        if page.next is None:
            break
        cursor = page.next
    assert len(seen) == len(set(seen)) == 30


@pytest.mark.parametrize("cursor", ["x", "AAAA", "LTE", "_-_-"])
async def test_a_cursor_of_nobody_is_refused(market: Market, cursor: str) -> None:
    with pytest.raises(CommandError) as refused:
        await market.search.page("沙发", "", cursor, 7)
    assert refused.value.code == "bad_message"


async def test_a_cursor_of_another_query_is_refused(market: Market) -> None:
    await market.put_head("r")
    await market.tell("r", *(put(f"n{n}", "沙发 枕头") for n in range(5)))
    page = await market.search.page("沙发", "", "", 2)
    assert page.next
    with pytest.raises(CommandError):
        await market.search.page("枕头", "", page.next, 2)
    with pytest.raises(CommandError):
        await market.search.page("沙发", "goods", page.next, 2)


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("ＰＡＮ", "pan"), ("Pan", "pan"), ("été", "robe"), ("ETE", "robe"), ("rob", "robe"),
        ("不粘锅２８", "pan"), ("rboe", "robe"), ("ไทย", "thai"), ("ハンカチ", "kana"),
        ("한국", "korea"), ("платье", "dress"), ("ПЛАТЬ", "dress"), ("l’été", "robe"),
    ],
)  # fmt: skip
async def test_width_case_accents_and_scripts(market: Market, query: str, finds: str) -> None:
    await market.put_head("r", title="T")
    await market.tell(
        "r",
        put("pan", "不粘锅 28cm PAN"),
        put("robe", "Robe d'été"),
        put("thai", "ผ้าไหมไทย"),
        put("kana", "リネンハンカチ"),
        put("korea", "한국 화장품"),
        put("dress", "Летнее платье"),
    )
    assert f"goods {finds}" in await market.found(query)
