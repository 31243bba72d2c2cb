"""What can be found follows what happens in rooms, and is never more than everybody may see."""

from typing import Any

from sqlalchemy import func, select

from server.features.search.index import Wanted, index_of
from server.features.search.searching import Search
from server.features.search.tables import DOCUMENTS, TYPOS, WORDS
from server.records.database import Database
from server.records.projection import HEAD
from server.store.room_store import RoomStore
from tests.search.market import START, Market, answered, put


async def test_a_product_that_is_changed_or_removed_is_found_as_it_is(market: Market) -> None:
    await market.put_head("r", title="秋季专场")
    await market.tell("r", put("a", "羊毛开衫", "10"), put("b", "羊毛围巾"))
    await market.tell("r", put("a", "真丝衬衫", "20"))
    assert await market.found("羊毛") == ["goods b"]
    [shirt] = await market.find("真丝衬衫")
    assert (shirt.id, shirt.price, shirt.currency) == ("a", 2000, "CNY")
    await market.tell("r", {"k": "shelf", "remove": "a"})
    assert await market.found("真丝衬衫") == []


async def test_a_renamed_room_is_found_by_its_new_name_alone(market: Market) -> None:
    await market.put_head("r", title="沙发专场")
    await market.put_head("r", title="枕头专场")
    assert await market.found("沙发") == []
    assert await market.found("枕头") == ["room r"]


async def test_drafts_practice_groups_and_cancelled_rooms_are_not_found(market: Market) -> None:
    hidden_rooms: dict[str, dict[str, Any]] = {
        "draft": {"draft": True},
        "practice": {"practice": True},
        "group": {"kind": "group"},
        "cancelled": {"cancelled": True},
    }
    for room, hidden in hidden_rooms.items():
        await market.put_head(room, host=room, host_name=f"{room} 李四", title="沙发", **hidden)
        await market.tell(room, put(room, "沙发"), answered("q", room, "沙发呢", "有沙发"))
    assert await market.found("沙发") == []
    assert await market.found("李四") == []


async def test_a_draft_that_is_made_public_is_found_with_all_it_has(market: Market) -> None:
    await market.put_head("r", draft=True, title="沙发专场")
    await market.tell("r", put("sofa", "布艺沙发"))
    await market.put_head("r", draft=False)
    assert sorted(await market.found("沙发")) == ["goods sofa", "room r"]
    await market.put_head("r", cancelled=True)
    assert await market.found("沙发") == []


async def test_a_room_hidden_this_moment_is_not_shown_though_the_records_lag(
    market: Market, store: RoomStore
) -> None:
    await market.put_head("r", title="沙发专场")
    fields = {"phase": "live", "title": "新沙发", "kind": "stream", "started": START}
    await store.redis.hset(store.keys.room("r", "room"), mapping=fields)
    [found] = await market.find("沙发")
    assert (found.phase, found.room_title, found.started) == ("live", "新沙发", START)
    await store.redis.hset(store.keys.room("r", "room"), "draft", 1)
    assert await market.find("沙发") == []


async def test_answers_come_and_go_with_their_questions(market: Market) -> None:
    await market.put_head("r", phase="live", started=START - 60_000)
    await market.tell("r", put("pan", "不粘锅"), answered("q", "pan", "涂层掉吗", "不会掉"))
    [answer] = await market.find("不粘锅涂层", "answer")
    assert (answer.title, answer.text, answer.second) == ("涂层掉吗", "不会掉", 60)
    await market.tell("r", answered("q", "pan", "涂层掉吗", "", status="dropped"))
    assert await market.find("不粘锅涂层", "answer") == []


async def test_moments_are_pins_and_answers_of_the_stream_with_their_second(
    market: Market,
) -> None:
    await market.put_head("r", phase="ended", started=START, ended=START + 3_600_000)
    pin = {"k": "pin", "sku": "pan", "title": "不粘锅", "price": 9900, "currency": "CNY"}
    await market.tell(
        "r",
        pin | {"at": START - 1},
        pin | {"at": START + 75_000},
        {"k": "pin", "sku": "", "at": START + 80_000},
        answered("q", "pan", "不粘锅能洗吗", "能", at=START + 90_500),
        answered("late", "pan", "不粘锅重吗", "不重", at=START + 4_000_000),
    )
    moments = await market.find("不粘锅", "moment")
    assert [(m.kind, m.second) for m in moments] == [("answer", 90), ("moment", 75)] or [
        (m.kind, m.second) for m in moments
    ] == [("moment", 75), ("answer", 90)]
    assert {m.link for m in moments} == {
        "/watch/r?from=search&at=75", "/watch/r?from=search&at=90"
    }  # fmt: skip


async def test_a_stream_that_begins_in_the_same_batch_gives_its_pins_a_second(
    market: Market,
) -> None:
    await market.put_head("r")
    await market.tell(
        "r",
        {"k": "phase", "phase": "live", "at": START},
        {"k": "pin", "sku": "pan", "title": "不粘锅", "at": START + 5_000},
    )
    [moment] = await market.find("不粘锅", "moment")
    assert moment.second == 5


async def test_a_product_is_found_once_though_it_was_shown_often(market: Market) -> None:
    await market.put_head("r", phase="live", started=START)
    pins = [{"k": "pin", "sku": "pan", "title": "不粘锅", "at": START + n * 1000} for n in range(3)]
    await market.tell("r", put("pan", "不粘锅"), *pins)
    assert await market.found("不粘锅") == ["goods pan"]
    assert len(await market.find("不粘锅", "moment")) == 3


async def test_a_host_is_found_once_by_the_newest_room_that_may_be_found(market: Market) -> None:
    for room in ("r1", "r2", "r3"):
        await market.put_head(room, host="ann", host_name="安妮", title=room)
    assert [r.room for r in await market.find("安妮", "host")] == ["r3"]
    await market.put_head("r3", practice=True)
    assert [r.room for r in await market.find("安妮", "host")] == ["r2"]


async def test_a_room_that_starts_brings_its_goods_to_the_front(market: Market) -> None:
    for room in ("old", "new"):
        await market.put_head(room, host=room, host_name=room)
        await market.tell(room, put(room, "沙发"))
    assert await market.found("沙发") == ["goods new", "goods old"]
    await market.put_head("old", phase="live", started=START)
    await market.put_head("old", phase="ended")
    assert await market.found("沙发") == ["goods old", "goods new"]


async def test_a_room_has_at_most_so_many_documents(records: Database, search: Search) -> None:
    market = Market(records, search, documents_max=5)
    await market.put_head("r", title="T")
    await market.tell("r", *(put(f"n{n}", "沙发") for n in range(9)))
    assert len(await market.found("沙发", "goods")) == 3  # beside the room and its host
    await market.tell("r", {"k": "shelf", "remove": "n0"})
    assert len(await market.found("沙发", "goods")) == 2


async def test_nothing_is_left_of_a_room_that_is_cleared(
    full_market: Market, records: Database
) -> None:
    for head in full_market.heads.values():
        async with records.writing() as connection:
            await full_market.projection.clear(connection, head.life)
    async with records.reading() as connection:
        for table in (DOCUMENTS, TYPOS):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0
        words = {row.word: row.documents for row in await connection.execute(select(WORDS))}
        assert words == {"": 0}
        some = [Wanted([["的"], ["裤"]], 9, 1.0), Wanted([["裤"]], 9, 1.0)]
        assert await index_of(connection).find(connection, some, 9) == [[], []]


async def test_folding_everything_again_finds_the_same(
    full_market: Market, records: Database
) -> None:
    before = await full_market.found("梨形身材阔腿裤")
    assert before
    async with records.writing() as connection:
        await full_market.projection.clear(connection)
    assert await full_market.found("梨形身材阔腿裤") == []
    async with records.writing() as connection:
        for head in full_market.heads.values():
            await full_market.projection.add(connection, head, HEAD, ())
    assert await full_market.found("木木") == ["host mumu", "room autumn-women"]


async def test_facts_that_make_no_document_or_cannot_be_read_change_nothing(
    market: Market,
) -> None:
    await market.put_head("r")
    await market.tell(
        "r",
        {"k": "visits", "worker": "w", "came": [], "left": []},
        {"k": "shelf", "put": {"sku": 7}},
        {"k": "comment", "comment": {"text": "沙发"}},
        put("sofa", "沙发"),
    )
    assert await market.found("沙发") == ["goods sofa"]


async def test_common_words_are_found_together_however_old_the_documents_are(
    market: Market, records: Database
) -> None:
    await market.put_head("r")
    await market.tell("r", put("old", "手套"))
    await market.tell("r", put("both", "羊毛 围巾"), put("also", "羊毛 围巾"))
    more = ("羊毛" if n % 2 else "围巾" for n in range(200))
    await market.tell("r", *(put(f"n{n}", title) for n, title in enumerate(more)))
    async with records.reading() as connection:
        index = index_of(connection)
        together = Wanted([["羊毛"], ["围巾"]], 101, 0.5)
        [found] = await index.find(connection, [together], 5)
        assert len(found) == 2
        [newest] = await index.find(connection, [Wanted([["羊毛"]], 101, 0.5)], 5)
        assert newest == sorted(newest, reverse=True)
        assert len(newest) == 5
        [old] = await index.find(connection, [Wanted([["手套"]], 5000, 0.9)], 5)
        assert len(old) == 1, "it was thought to be in most of the newest"
        [goods, hosts] = [
            await index.find(connection, [together], 5, kinds) for kinds in (["goods"], ["host"])
        ]
        assert (goods, hosts) == ([found], [[]])
