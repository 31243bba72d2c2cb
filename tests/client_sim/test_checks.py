"""Each check passes on a good story, and is seen to fail on a bad one."""

# A story is told in one expression, as a tuple of steps that return nothing.
# mypy: disable-error-code="func-returns-value"

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from client_sim.checks import CHECKS, COMMUNITY, Findings
from client_sim.client.state import Position
from client_sim.client.wire import Message
from client_sim.record import Auditor, Record
from client_sim.witness import Witness
from tests.client_sim.histories import BUYER, comment, joined, order, pin, sale, stock


class Story:
    """One viewer and one auditor in the same room."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.record = Record()
        self.auditor = Auditor(self.record, self.findings, "auditor")
        self.witness = Witness(BUYER, self.findings, self.record)
        self.auditor.joined(None, joined())
        self.witness.joined(None, joined())

    def hear(self, *events: Message) -> None:
        for event in events:
            self.witness.event(event)

    def said(self, *events: Message) -> None:
        for event in events:
            self.auditor.event(event)

    def reply(self, op: str, reply: Message, **fields: object) -> None:
        ok = {"t": "ok", "ref": 2}
        self.witness.answered({"op": op, "ref": 2} | fields, ok | reply, 0.01)

    def buy(self, key: str, name: str, **more: object) -> None:
        self.reply("buy", {"order": order(name) | more}, key=key, sale="s1", qty=1)

    def resume(self, asked: Position, seq: int, **more: Any) -> None:
        self.witness.joined(asked, joined(seq, **more))

    def other(self) -> Witness:
        witness = Witness("bo", self.findings, self.record)
        witness.joined(None, joined())
        return witness


def failed(tell: Callable[[Story], object]) -> set[str]:
    story = Story()
    tell(story)
    story.witness.finish()
    return set(story.findings.failed)


def sale_event(seq: int, told: Message) -> Message:
    return {"t": "sale", "seq": seq, "sale": told}


def a_good_evening(story: Story) -> None:
    first, own = comment("c1"), comment("c2", BUYER, "来了")
    story.reply("comment", {"id": "c2"}, text="来了 ")
    story.said(first, own, comment("c3"))
    seed_hash = hashlib.sha1(b"seed").hexdigest()
    story.hear(sale_event(6, sale(draw_hash=seed_hash)), first, own, {"t": "gap", "comments": 1})
    story.buy("k1", "o1")
    story.buy("k1", "o1")
    story.hear(stock(2, 9, 1, 0), {"t": "order", "order": order()})
    story.hear({"t": "draw", "seq": 7, "sale": "s1", "seed": "seed", "entries": 1})
    story.reply("pay", {"order": order(status="paid", updated=3000)}, order="o1")
    story.hear(stock(3, 9, 0, 1), {"t": "likes", "total": 8})
    story.resume(
        Position("e1", 7),
        9,
        missed=[pin(8), pin(9)],
        orders=[order(status="paid", updated=3000)],
        room={"comments": [first, own, comment("c3")]},
    )
    story.witness.orders.listed([order(status="paid", updated=3000)])


def test_a_good_evening_passes_every_check_and_each_was_looked_at() -> None:
    story = Story()

    a_good_evening(story)
    story.witness.finish()

    assert story.findings.sentences == {name: [] for name in CHECKS}
    at_the_end = {"leak", "per_user", "not_oversold", "host_agrees", "folded", "figures_agree"}
    at_the_end |= {"orders_told", "answered", "split_agrees", "units_kept"}
    # See test_community_watch and test_market_evening.
    elsewhere = COMMUNITY | {"links_given", "moments_told"}
    assert set(story.findings.looked) >= set(CHECKS) - at_the_end - elsewhere - {"own_comments"}


def test_an_old_order_that_ended_may_be_left_out_of_the_list() -> None:
    story = Story()
    story.buy("k1", "o1")
    story.hear({"t": "order", "order": order(status="expired", updated=3000)})

    story.witness.orders.listed([])

    assert story.findings.sentences["orders_kept"] == []


BAD: dict[str, tuple[str, Callable[[Story], object]]] = {
    "a field is missing": ("shape", lambda s: s.hear({"t": "likes"})),
    "a field has another type": ("shape", lambda s: s.hear({"t": "likes", "total": "8"})),
    "a must-event is left out": ("gapless", lambda s: s.hear(pin(6), pin(8))),
    "a must-event has no seq": ("gapless", lambda s: s.hear({"t": "pin", "sku": "mug"})),
    "a resume leaves an event out": (
        "gapless",
        lambda s: s.resume(Position("e1", 5), 8, missed=[pin(6), pin(8)]),
    ),
    "a resume replays nothing": ("gapless", lambda s: s.resume(Position("e1", 5), 8)),
    "an epoch changes in silence": (
        "gapless",
        lambda s: s.resume(Position("e1", 5), 5, epoch="e2"),
    ),
    "a must-event comes twice": ("once", lambda s: s.hear(pin(6), pin(6))),
    "a comment comes twice": (
        "once",
        lambda s: (s.said(*[comment("c1")] * 2), s.hear(*[comment("c1")] * 2)),
    ),
    "a comment of the snapshot comes again": (
        "once",
        lambda s: (
            s.resume(Position("e1", 5), 5, room={"comments": [comment("c1")]}),
            s.hear(comment("c1")),
        ),
    ),
    "two viewers hear another event at one place": (
        "same_story",
        lambda s: (s.hear(pin(6, "mug")), s.other().event(pin(6, "tea"))),
    ),
    "a replayed event differs": (
        "same_story",
        lambda s: (
            s.other().event(pin(6, "tea")),
            s.resume(Position("e1", 5), 6, missed=[pin(6, "mug")]),
        ),
    ),
    "a stock version goes back": (
        "stock_forward",
        lambda s: s.hear(sale_event(6, sale()), stock(5, 5, 5, 0), stock(4, 6, 4, 0)),
    ),
    "a sale's version goes back": (
        "stock_forward",
        lambda s: s.hear(sale_event(6, sale(3)), sale_event(7, sale(2))),
    ),
    "a unit is lost in a sale event": (
        "stock_adds_up",
        lambda s: s.hear(sale_event(6, sale(left=8, held=1))),
    ),
    "a unit appears in a stock event": (
        "stock_adds_up",
        lambda s: s.hear(sale_event(6, sale()), stock(2, 10, 1, 0)),
    ),
    "stock is below zero": (
        "stock_adds_up",
        lambda s: s.hear(sale_event(6, sale()), stock(2, -1, 11, 0)),
    ),
    "a draw's seed is not the promised one": (
        "fair_draw",
        lambda s: s.hear(
            sale_event(6, sale(draw_hash="da39")),
            {"t": "draw", "seq": 7, "sale": "s1", "seed": "x", "entries": 1},
        ),
    ),
    "an offer nobody queued for": (
        "nothing_unasked",
        lambda s: s.witness.orders.listed([order("o7", offer=True)]),
    ),
    "likes go down": (
        "likes_forward",
        lambda s: s.hear({"t": "likes", "total": 9}, {"t": "likes", "total": 8}),
    ),
    "an own comment never comes back": (
        "own_comments",
        lambda s: s.reply("comment", {"id": "c9"}, text="hi"),
    ),
    "an own comment comes back changed": (
        "own_comments",
        lambda s: (
            s.reply("comment", {"id": "c9"}, text="hi"),
            s.said(comment("c9", BUYER, "ho")),
            s.hear(comment("c9", BUYER, "ho")),
        ),
    ),
    "a moderator gets a sample": (
        "all_comments",
        lambda s: s.said({"t": "gap", "comments": 2}),
    ),
    "a comment is left out in silence": (
        "comments_counted",
        lambda s: (s.said(comment("c1"), comment("c2")), s.hear(comment("c1"))),
    ),
    "more is said to be left out than was": (
        "comments_counted",
        lambda s: (s.said(comment("c1")), s.hear(comment("c1"), {"t": "gap", "comments": 1})),
    ),
    "one key gives two orders": (
        "one_key_one_order",
        lambda s: (s.buy("k1", "o1"), s.buy("k1", "o2")),
    ),
    "two keys give one order": (
        "one_key_one_order",
        lambda s: (s.buy("k1", "o1"), s.buy("k2", "o1")),
    ),
    "an acknowledged order is gone": (
        "orders_kept",
        lambda s: (s.buy("k1", "o1"), s.witness.orders.listed([])),
    ),
    "an acknowledged order is gone after a resume": (
        "orders_kept",
        lambda s: (s.buy("k1", "o1"), s.resume(Position("e1", 5), 5)),
    ),
    "an order is listed twice": (
        "orders_kept",
        lambda s: (s.buy("k1", "o1"), s.witness.orders.listed([order(), order()])),
    ),
    "a paid order is held again": (
        "orders_forward",
        lambda s: s.hear(
            {"t": "order", "order": order(status="paid", updated=3000)},
            {"t": "order", "order": order(status="held", updated=4000)},
        ),
    ),
    "a paid order is expired in the list": (
        "orders_forward",
        lambda s: (
            s.buy("k1", "o1", status="paid"),
            s.witness.orders.listed([order(status="expired", updated=4000)]),
        ),
    ),
    "a price changes": (
        "orders_forward",
        lambda s: (
            s.buy("k1", "o1"),
            s.reply("pay", {"order": order(status="paid", updated=3000, total=1)}),
        ),
    ),
    "an order nobody asked for": (
        "nothing_unasked",
        lambda s: s.witness.orders.listed([order("o7")]),
    ),
    "a refused buy became an order": (
        "nothing_unasked",
        lambda s: (
            s.reply("buy", {"t": "err", "code": "sold_out", "msg": "Gone."}, key="k1"),
            s.witness.orders.listed([order("o7")]),
        ),
    ),
    "somebody else's order": (
        "nothing_unasked",
        lambda s: s.hear({"t": "order", "order": order(user="bo")}),
    ),
    "a good command is called bad": (
        "let_in",
        lambda s: s.reply("like", {"t": "err", "code": "bad_message", "msg": "No."}),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_story_fails_its_check_and_no_other(what: str) -> None:
    check, tell = BAD[what]

    assert failed(tell) == {check}


def test_an_unanswered_buy_may_turn_up_as_an_order() -> None:
    def tell(story: Story) -> None:
        story.witness.unanswered({"op": "buy", "ref": 3, "key": "k1"})
        story.witness.orders.listed([order("o7")])

    assert failed(tell) == set()


def test_a_user_who_queued_may_be_offered_an_order() -> None:
    def tell(story: Story) -> None:
        story.reply("waitlist", {"place": 1}, sale="s1", qty=1)
        story.witness.orders.listed([order("o7", offer=True)])

    assert failed(tell) == set()


def test_a_resume_with_a_gap_may_leave_everything_out() -> None:
    assert failed(lambda s: s.resume(Position("e1", 5), 900, gap=True)) == set()


def test_a_late_payment_may_revive_an_expired_order() -> None:
    story = [
        order(status=status, updated=n) for n, status in enumerate(("held", "expired", "paid"))
    ]

    assert failed(lambda s: s.hear(*({"t": "order", "order": it} for it in story))) == set()


def test_a_removed_comment_need_not_be_counted() -> None:
    def tell(story: Story) -> None:
        story.said(comment("c1"), comment("c2"), {"t": "removed", "seq": 6, "id": "c2"})
        story.hear(comment("c1"), {"t": "removed", "seq": 6, "id": "c2"})

    assert failed(tell) == set()


def test_comments_can_not_be_counted_once_the_auditor_was_away() -> None:
    story = Story()
    story.said(comment("c1"))

    story.auditor.joined(Position("e1", 5), joined())

    assert story.witness.uncounted() is None


def test_an_event_of_an_unknown_kind_has_its_place_in_the_sequence() -> None:
    news = {"t": "weather", "seq": 7}

    assert failed(lambda s: s.hear(pin(6), news, pin(8))) == set()
    assert failed(lambda s: s.hear(pin(6), pin(8), news)) == {"gapless", "once"}
