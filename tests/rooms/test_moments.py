"""A moment of a replay, from facts alone: what everybody saw then, and what can be bought now."""

from typing import Any

import pytest

from server.features.replay.entries import Reel
from server.features.replay.moment import Moment, Watched, moment
from server.features.stock.messages import Sale
from tests.rooms.reels import MINUTE, STARTED, Fact, opened, pin


def reel_of(*story: Fact) -> Reel:
    """A timeline of (minute, kind, fields), read."""
    reel = Reel()
    for n, (minute, kind, fields) in enumerate(story):
        fact = {"k": kind, "at": STARTED + int(minute * MINUTE), "by": "h1"} | fields
        reel.add_fact(f"{fact['at']}-{n}", fact)
    return reel


def at(reel: Reel, minute: float, *sales: Sale, **changes: Any) -> Moment:
    """What is told of a minute, with these sales on now."""
    room = Watched("r1", "Tea", "stream", "ended", 1, STARTED, 0, selling=False, sales=sales)
    return moment(reel.entries(), STARTED + int(minute * MINUTE), room._replace(**changes))


def said(minute: float, id_: str, user: str = "ann", said_at: float | None = None) -> Fact:
    """A comment that was kept."""
    ts = STARTED + int((minute if said_at is None else said_at) * MINUTE)
    view = {"id": id_, "user": user, "name": user, "role": "viewer", "text": id_, "ts": ts}
    return minute, "comment", {"comment": view, "why": "kept"}


def put(minute: float, sku: str, price: int) -> Fact:
    product = {"sku": sku, "title": sku.title(), "price": price, "currency": "CNY"}
    return minute, "shelf", {"put": product}


def on_now(sale: str, price: int, left: int, status: Any = "open", sku: str = "mug") -> Sale:
    return Sale(sale, sku, "Mug", price, "CNY", status, 1, 60, 1, 0, left, left, 0, 0, 1)


def question(minute: float, id_: str, status: str) -> Fact:
    asked = {
        "question": id_, "sku": "mug", "topic": "size", "text": "How big?", "user": "ann",
        "name": "Ann", "asked": 1, "status": status, "at": 1,
    }  # fmt: skip
    return minute, "question", {"question": asked}


def test_a_moment_shows_the_pinned_product_as_it_was_then() -> None:
    reel = reel_of(
        put(-5, "mug", 100),
        pin(1, "mug", 100),
        put(10, "mug", 80),
        pin(12.5, "tea", 5),
        pin(20, ""),
    )

    pinned = {m: at(reel, m).pin for m in (0, 1, 9.99, 10, 12.5, 20)}

    prices = {m: shown and shown.product.price for m, shown in pinned.items()}
    assert prices == {0: None, 1: 100, 9.99: 100, 10: 80, 12.5: 5, 20: None}
    assert [e.sku for e in at(reel, 12).entries] == ["tea"]
    assert at(reel, 12).minute == 12


def test_a_moment_shows_shelf_notice_and_phase_as_they_were() -> None:
    reel = reel_of(
        put(-5, "mug", 100),
        (0, "phase", {"phase": "live"}),
        put(1, "tea", 5),
        put(2, "mug", 90),
        (3, "notice", {"text": "满减"}),
        (3, "shelf_move", {"sku": "tea", "before": "mug"}),
        (4, "shelf", {"remove": "mug"}),
        (5, "notice", {"text": ""}),
        (9, "phase", {"phase": "ended"}),
    )

    def shelf(minute: float) -> list[tuple[str, int]]:
        return [(s.product.sku, s.product.price) for s in at(reel, minute).shelf]

    assert (shelf(0), shelf(1)) == ([("mug", 100)], [("mug", 100), ("tea", 5)])
    assert shelf(3) == [("tea", 5), ("mug", 90)]
    assert (shelf(2), shelf(4)) == ([("mug", 90), ("tea", 5)], [("tea", 5)])
    assert [at(reel, m).notice for m in (2, 3, 5)] == ["", "满减", ""]
    assert [at(reel, m).phase for m in (0, 8, 9)] == ["live", "live", "ended"]


def test_a_moment_shows_the_sales_that_were_open_with_their_price_of_then() -> None:
    reel = reel_of(
        opened(1, "s1", 90, starts=1),
        opened(2, "s2", 80, starts=5, ends=7),
        (6, "sale", {"what": "restocked", "sale": "s1", "add": 3}),
        (10, "sale", {"what": "closed", "sale": "s1"}),
    )

    def sales(minute: float) -> list[tuple[str, int]]:
        return [(s.sale, s.price) for s in at(reel, minute).sales]

    assert [sales(m) for m in (0, 1, 4, 5, 6)] == [
        [], [("s1", 90)], [("s1", 90)], [("s1", 90), ("s2", 80)], [("s1", 90), ("s2", 80)],
    ]  # fmt: skip
    assert (sales(7), sales(10)) == ([("s1", 90)], [])


def test_each_product_says_in_which_sales_it_can_be_bought_now() -> None:
    reel = reel_of(put(0, "mug", 100), put(0, "tea", 5), opened(1, "s1", 90, starts=1))
    sales = [
        on_now("s1", 90, 2),
        on_now("s2", 85, 1),
        on_now("s3", 80, 0),
        on_now("s4", 70, 9, "closed"),
    ]

    over = at(reel, 2, *sales)
    selling = at(reel, 2, *sales, selling=True)
    live = at(reel, 2, *sales, phase="live")

    assert [shown.buy for shown in over.shelf] == [[], []]
    assert [b.sale for b in selling.shelf[0].buy] == ["s1", "s2"]
    assert (selling.shelf[1].buy, live.shelf) == ([], selling.shelf)
    assert [s.buy and (s.buy.sale, s.buy.left) for s in selling.sales] == [("s1", 2)]
    assert over.sales[0].buy is None


def test_a_comment_stands_where_it_was_said_and_near_moments_show_it() -> None:
    reel = reel_of(pin(3, "mug"), said(30, "late", said_at=2), said(5, "c5"), said(7, "c7"))

    assert [e.t for e in reel.entries()] == ["comment", "pin", "comment", "comment"]
    assert [c.id for c in at(reel, 6).comments] == ["c5", "c7"]
    assert [c.id for c in at(reel, 2.5).comments] == ["late"]
    many = reel_of(*(said(1 + n / 100, f"c{n}") for n in range(50)))
    assert [c.id for c in at(many, 1.3).comments] == [f"c{n}" for n in range(20, 40)]


def test_removed_comments_are_not_in_a_replay() -> None:
    story = [said(1, "a"), said(2, "b"), said(3, "c", user="ben"), said(4, "d")]

    def left(*more: Fact) -> list[str]:
        return [e.comment.id for e in reel_of(*story, *more).entries() if e.comment]

    assert left((5, "remove", {"id": "a", "user": "ann"})) == ["b", "c", "d"]
    assert left((5, "remove", {"user": "ann"})) == ["c"]
    assert left((5, "mute", {"user": "ann", "seconds": 60, "shadow": False})) == ["c"]
    assert left((5, "mute", {"user": "ann", "seconds": 0})) == ["a", "b", "c", "d"]
    assert left((5, "mute", {"user": "ann", "seconds": 9, "shadow": True})) == ["a", "b", "c", "d"]


def test_a_question_is_shown_from_when_it_is_taken_and_one_that_waits_is_not() -> None:
    reel = reel_of(
        question(1, "q1", "open"),
        question(2, "q1", "answering"),
        question(3, "q1", "open"),
        question(3, "q1", "open"),
        question(4, "q1", "answering"),
        question(5, "q1", "answered"),
        question(6, "q2", "answering"),
        question(7, "q2", "dropped"),
        question(8, "q3", "open"),
    )

    statuses = [e.question.status for e in reel.entries() if e.question]
    assert statuses == ["answering", "open", "answering", "answered"]
    now = {m: at(reel, m).question for m in (1, 2, 3, 4, 5, 6)}
    assert {m: q and q.question for m, q in now.items()} == {
        1: None, 2: "q1", 3: None, 4: "q1", 5: None, 6: None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["follow", "visits", "asks", "words", "slow", "moderator", "later"]
)
def test_comments_that_not_everybody_saw_are_not_in_a_replay(kind: str) -> None:
    assert reel_of((1, kind, {"user": "ann"})).entries() == []


def test_a_fan_group_was_live_at_every_moment() -> None:
    assert at(reel_of(), 1, kind="group").phase == "live"
    assert at(reel_of(), 1).phase == "scheduled"
