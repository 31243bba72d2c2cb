"""A room's snapshot with what the features add to it, by name and type."""

from typing import cast

from server.features.asks.messages import Question
from server.features.comments.messages import CommentView
from server.features.coupons.messages import Coupon
from server.features.luckies.messages import Lucky
from server.features.polls.messages import Poll
from server.features.shelf.messages import Product
from server.features.stock.messages import Sale
from server.house import HOUSE
from server.protocol.room import RoomView


class View(RoomView, kw_only=True):
    """What tests look at. The real class is folded from declarations, where mypy can't follow;
    test_views.py sees to it that both say the same.
    """

    notice: str
    online: int
    shelf: list[Product]
    shelf_total: int
    sales: list[Sale]
    selling: bool
    comments: list[CommentView]
    coupons: list[Coupon]
    followers: int
    group: str
    lucky: Lucky | None
    poll: Poll | None
    question: Question | None
    answers: list[Question]


def shown(view: RoomView) -> View:
    """The same snapshot, which must be a whole one."""
    assert isinstance(view, HOUSE.shape.view)
    return cast("View", view)
