"""What only the staff is told: values, and comments that wait for their review."""

from server.features.asks.messages import AsksEvent, QueueEvent
from server.features.comments.messages import CommentEvent, RemovedEvent
from tests.hub.conftest import MakeAudience
from tests.hub.listening import Noter, comment, gaps, ids, settle


def asks(n: int) -> AsksEvent:
    return AsksEvent(counts={"tea": n})


def whispered(n: int) -> CommentEvent:
    return CommentEvent(
        id=f"c{n}", user="shady", name="S", role="viewer", text="hi", ts=1, shadow=True
    )


async def test_of_a_burst_of_values_for_the_staff_only_the_newest_is_told_and_to_it_alone(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    host, ann = Noter("host", exempt=True), Noter("ann")
    for member in (host, ann):
        audience.add(member)

    for n in range(50):
        audience.tell_staff(asks(n))
    audience.tell_staff(QueueEvent(questions=[]))
    await settle(audience)

    assert host.messages == [
        {"t": "asks", "counts": {"tea": 49}},
        {"t": "queue", "questions": []},
    ]
    assert len(host.notes.writes) == 1
    assert ann.notes.writes == []


async def test_the_staff_shares_one_frame_a_variant(make_audience: MakeAudience) -> None:
    audience = make_audience()
    staff = [Noter(f"m{n}", exempt=True) for n in range(5)]
    for member in staff:
        audience.add(member)

    audience.tell_staff(asks(1))
    await settle(audience)

    assert len({id(data) for member in staff for data in member.notes.writes}) == 1


async def test_comments_for_the_staff_alone_keep_their_place_and_are_missed_by_nobody(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(sample_per_s_max=2)
    host, ann, shady = Noter("host", exempt=True), Noter("ann"), Noter("shady")
    for member in (host, ann, shady):
        audience.add(member)

    for n in range(6):
        (audience.tell_staff(whispered(n)) if n % 2 else audience.publish(comment(n)))
    await settle(audience)

    assert ids(host.messages) == [f"c{n}" for n in range(6)]
    assert gaps(host.messages) == 0
    for viewer in (ann, shady):
        assert len(ids(viewer.messages)) == 2
        assert not {"c1", "c3", "c5"} & set(ids(viewer.messages))
        assert gaps(viewer.messages) == 1


async def test_a_comment_for_the_staff_alone_is_taken_back_before_it_is_told(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    host, ann = Noter("host", exempt=True), Noter("ann")
    for member in (host, ann):
        audience.add(member)

    audience.tell_staff(whispered(1))
    audience.tell_staff(whispered(2))
    audience.publish(RemovedEvent(seq=1, id="c1"))
    await settle(audience)

    assert ids(host.messages) == ["c2"]
    assert ids(ann.messages) == []


async def test_staff_without_a_seat_here_leaves_no_old_values_behind(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    first, second = Noter("host", exempt=True), Noter("host", exempt=True)
    audience.add(first)
    audience.tell_staff(asks(1))
    await settle(audience)
    audience.remove(first)

    audience.tell_staff(asks(2))
    audience.add(second)  # reads how it is now
    second.fall_behind(audience)
    second.catch_up(audience)
    await settle(audience)

    assert second.messages == []
