"""What a worker remembers of comments, so that a report of one costs no walk through them all."""

from typing import Any

from server.features.comments.messages import CommentEvent
from server.features.reports.snapshot import SAID_MAX, SaidPart


class _Loaded:
    fields: Any = None


def said(*comments: tuple[str, str]) -> SaidPart:
    """A room in which these ids were said by these users, in this order."""
    part = SaidPart(_Loaded(), {})
    hear = part.changes()[CommentEvent]
    for at, (id_, user) in enumerate(comments):
        hear(CommentEvent(id=id_, user=user, name="Bo", role="viewer", text=id_, ts=at))
    return part


def test_a_comment_is_found_by_its_id_without_reading_the_others() -> None:
    part = said(*((f"c{n}", "bo") for n in range(SAID_MAX)))
    made = list[str]()

    class Counted(CommentEvent, tag="counted", frozen=True, kw_only=True):
        def view(self) -> Any:
            made.append(self.id)
            return super().view()

    hear = part.changes()[CommentEvent]
    for id_ in ("x1", "x2", "x3"):
        hear(Counted(id=id_, user="ann", name="Ann", role="viewer", text=id_, ts=1))
    found = part.by_id("x2")
    assert found is not None
    assert (found.id, made) == ("x2", ["x2"])
    assert part.by_id("nothing") is None
    assert [view.id for view in part.of_user("ann", 2)] == ["x3", "x2"]
    assert made == ["x2", "x3", "x2"]


def test_the_oldest_comments_are_forgotten() -> None:
    part = said(*((f"c{n}", "bo") for n in range(SAID_MAX + 2)))
    assert [part.by_id(id_) is None for id_ in ("c0", "c1", "c2")] == [True, True, False]
    assert len(part.of_user("bo", SAID_MAX + 2)) == SAID_MAX
