from typing import Any

import pytest

from client_sim.client.state import Position, RoomState
from client_sim.client.wire import Message
from tests.client_sim.histories import comment, joined, order, pin, sale, stock

MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
TEA = {"sku": "tea", "title": "龙井", "price": 16800, "currency": "CNY"}


def state(**room: Any) -> RoomState:
    it = RoomState(comments_max=3)
    it.joined(joined(room=room))
    return it


def after(it: RoomState, *events: Message) -> Message:
    for event in events:
        it.apply(event)
    return it.view


def test_fields_that_the_snapshot_leaves_out_have_their_defaults() -> None:
    view = state().view

    assert (view["likes"], view["pin"], view["shelf"], view["notice"]) == (0, None, [], "")


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        ({"t": "likes", "total": 8}, "likes", 8),
        ({"t": "online", "now": 3, "total": 9}, "online", 3),
        ({"t": "online", "now": 3, "total": 9}, "viewers", 9),
        ({"t": "pin", "seq": 6, "sku": "mug"}, "pin", "mug"),
        ({"t": "pin", "seq": 6, "sku": None}, "pin", None),
        ({"t": "notice", "seq": 6, "text": "包邮"}, "notice", "包邮"),
        ({"t": "room", "seq": 6, "slow_s": 5}, "slow_s", 5),
        ({"t": "phase", "seq": 6, "phase": "live", "at": 7}, "started", 7),
        ({"t": "phase", "seq": 6, "phase": "ended", "at": 9}, "ended", 9),
        ({"t": "phase", "seq": 6, "phase": "ended", "at": 9}, "phase", "ended"),
    ],
)
def test_an_event_sets_the_field_that_the_snapshot_has(
    event: Message, field: str, value: object
) -> None:
    assert after(state(), event)[field] == value


def test_a_product_put_again_keeps_its_place() -> None:
    view = after(
        state(),
        {"t": "shelf", "seq": 6, "put": MUG},
        {"t": "shelf", "seq": 7, "put": TEA},
        {"t": "shelf", "seq": 8, "put": MUG | {"price": 1}},
    )

    assert view["shelf"] == [MUG | {"price": 1}, TEA]


def test_a_product_taken_off_the_shelf_is_gone() -> None:
    view = after(state(shelf=[MUG, TEA]), {"t": "shelf", "seq": 6, "remove": "mug"})

    assert view["shelf"] == [TEA]


def test_an_older_count_does_not_replace_a_newer_one() -> None:
    view = after(state(sales=[sale(ver=5, left=4, held=6)]), stock(4, 5, 5, 0))

    assert (view["sales"][0]["left"], view["sales"][0]["ver"]) == (4, 5)


def test_a_sale_event_that_was_overtaken_sets_the_status_and_not_the_counts() -> None:
    it = state(sales=[sale(ver=1)])
    it.apply(stock(9, 3, 7, 0))

    it.apply({"t": "sale", "seq": 6, "sale": sale(ver=8, left=0, held=10, status="sold_out")})

    known = it.sale("s1")
    assert known is not None
    assert (known["status"], known["left"], known["ver"]) == ("sold_out", 3, 9)


def test_only_the_newest_comments_are_kept_and_none_twice() -> None:
    told = [comment(name) for name in ("a", "b", "b", "c", "d")]

    assert [it["id"] for it in after(state(), *told)["comments"]] == ["b", "c", "d"]


def test_removed_takes_one_comment_or_all_of_a_user() -> None:
    it = state()
    after(it, comment("a"), comment("b", "cy"), comment("c"))

    assert [c["id"] for c in after(it, {"t": "removed", "seq": 6, "id": "a"})["comments"]] == [
        "b",
        "c",
    ]
    assert [c["id"] for c in after(it, {"t": "removed", "seq": 7, "user": "bo"})["comments"]] == [
        "b"
    ]


def test_a_must_event_that_comes_again_changes_nothing() -> None:
    view = after(state(), pin(6, "mug"), pin(7, None), pin(6, "mug"))

    assert view["pin"] is None


def test_the_position_follows_the_must_events() -> None:
    it = state()

    it.apply(pin(6))
    it.apply(stock(1, 1, 1, 1))

    assert it.position == Position("e1", 6)


def test_the_later_state_of_an_order_wins_whichever_comes_first() -> None:
    it = state()

    it.note_order(order(status="paid", updated=3000))
    it.apply({"t": "order", "order": order(status="held", updated=2000)})

    assert it.orders["o1"]["status"] == "paid"


def test_an_unknown_event_changes_nothing() -> None:
    before = dict(state().view)

    assert after(state(), {"t": "weather", "sun": 1}) == before
