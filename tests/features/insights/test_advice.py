"""Advice before a stream: each line has its numbers, and nothing is said of nothing."""

from datetime import UTC
from zoneinfo import ZoneInfo

from server.features.insights.advice import (
    AskedGoods,
    AskedQuestion,
    KnownNote,
    best_hour,
    goods_asked,
    notes_to_write,
    who_to_tell,
)

DAY_H = 24


def test_the_best_hour_is_when_most_different_followers_came() -> None:
    presence = [("ann", 12), ("ann", 12 + DAY_H), ("ann", 12 + 2 * DAY_H), ("ben", 20), ("cai", 20)]
    [line] = best_hour(presence, UTC, 28)
    assert (line.hour, line.people, line.of) == (20, 2, 3)
    [line] = best_hour(presence, ZoneInfo("Asia/Shanghai"), 28)
    assert line.hour == 4  # eight hours later, by its clock
    assert best_hour([], UTC, 28) == []


def test_of_goods_asked_for_alike_those_that_fewer_bought_come_first() -> None:
    goods = [
        AskedGoods("mug", "Mug", {"ann", "ben"}, {"ann", "ben"}),
        AskedGoods("cup", "Cup", {"ann", "ben"}, {"ann"}),
        AskedGoods("pot", "Pot", {"ann", "ben", "cai"}, {"ann"}),
        AskedGoods("", "", {"ann"}, ()),
        AskedGoods("jug", "Jug", {"ann"}, ()),
    ]
    lines = goods_asked(goods, 28)
    assert [(each.sku, each.people, each.bought) for each in lines] == [
        ("pot", 3, 1), ("cup", 2, 1), ("mug", 2, 2),
    ]  # fmt: skip


def test_a_note_is_to_write_for_what_several_asked_and_none_answers() -> None:
    questions = [
        AskedQuestion(1, "mug", "Can it go in the oven?", 2),
        AskedQuestion(2, "mug", "can it go in the OVEN", 1),
        AskedQuestion(2, "cup", "How big?", 4),
        AskedQuestion(2, "", "包邮吗", 3),
        AskedQuestion(2, "", "什么时候发货", 2),
        AskedQuestion(2, "pot", "Blue?", 1),
    ]
    notes = [KnownNote({"cup"}, "My cups"), KnownNote((), "全场包邮吗？是的")]
    lines = notes_to_write(questions, notes, {"mug": "Mug"}, 28)
    assert [(each.text, each.title, each.people, each.streams) for each in lines] == [
        ("Can it go in the oven?", "Mug", 3, 2), ("什么时候发货", "", 2, 1),
    ]  # fmt: skip


def test_who_bought_and_has_not_been_since_is_counted_and_not_named() -> None:
    ties = {"ann": 100, "ben": 100, "cai": 100}
    [line] = who_to_tell(ties, {"ann": 100, "ben": 130}, 92)
    assert (line.people, line.of) == (2, 3)
    assert who_to_tell({"ben": 100}, {"ben": 130}, 92) == []
    assert who_to_tell({}, {}, 92) == []
