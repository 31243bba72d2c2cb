"""What each delivery class promises to members that read."""

import asyncio
import itertools
import math
from random import Random
from typing import cast

import msgspec
import pytest

from server.features.asks.messages import AsksEvent, QueueEvent
from server.features.comments.messages import CommentEvent, MutedEvent, Quoted, RemovedEvent
from server.features.likes.messages import LikesEvent
from server.features.orders.messages import SoldEvent
from server.features.stock.messages import StockEvent
from server.hub.crowd import Crowd
from server.hub.member import Variant
from server.hub.sampling import Budget
from server.hub.waiting import SAMPLED_WAITING_MAX
from server.protocol.codec import Encoding
from tests.hub.conftest import MakeAudience, SitDown
from tests.hub.listening import Noter, SentFrames, comment, gaps, ids, notice, seqs, settle

STREAM = Variant(Encoding.JSON, False, "e1")


def stock(ver: int, sale: str = "s1") -> StockEvent:
    return StockEvent(sale=sale, left=100 - ver, held=ver, sold=0, ver=ver)


async def test_every_variant_gets_the_same_messages(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience()
    people = [
        await sit_down(audience, "ann", variant=Variant(encoding, deflate))
        for encoding in Encoding
        for deflate in (False, True)
    ]
    people.append(await sit_down(audience, "ann", variant=STREAM))

    for n in range(20):
        audience.publish(comment(n, text="包邮吗 " * 5))
    audience.publish(stock(3))
    audience.publish(notice(1, "livré demain"))

    heard = [await person.until_seq(1) for person in people]
    assert ids(heard[0]) == [f"c{n}" for n in range(20)]
    assert {"t": "stock", "sale": "s1", "left": 97, "held": 3, "sold": 0, "ver": 3} in heard[0]
    assert all(messages == heard[0] for messages in heard)


async def test_all_who_listen_by_http_share_one_frame(make_audience: MakeAudience) -> None:
    audience = make_audience()
    people = [Noter(f"u{n}", variant=STREAM) for n in range(3)]
    for person in people:
        audience.add(person)
    audience.publish(notice(1))
    audience.publish(comment(1))
    await settle(audience)
    frames = [person.notes.writes for person in people]
    assert [len(writes) for writes in frames] == [1, 1, 1]
    assert frames[0][0] is frames[1][0] is frames[2][0], "encoded again for each"
    assert cast("SentFrames", people[0].notes.frames).ids == ["e1:1"]


async def test_of_a_burst_of_values_only_the_newest_of_each_key_is_told(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    ann = Noter("ann")
    audience.add(ann)

    for ver in (1, 2, 3):
        audience.publish(stock(ver))
        audience.publish(stock(ver + 10, "s2"))
        audience.publish(LikesEvent(total=ver))
    await settle(audience)

    assert [(m["t"], m.get("ver", m.get("total"))) for m in ann.messages] == [
        ("stock", 3),
        ("stock", 13),
        ("likes", 3),
    ]


async def test_a_value_that_is_older_is_never_told(make_audience: MakeAudience) -> None:
    audience = make_audience()
    ann = Noter("ann")
    audience.add(ann)

    for event in (stock(5), LikesEvent(total=50)):
        audience.publish(event)
    await settle(audience)
    for event in (stock(4), stock(5), LikesEvent(total=49)):
        audience.publish(event)
    await settle(audience)

    assert [m["t"] for m in ann.messages] == ["stock", "likes"]


async def test_a_quiet_audience_is_told_at_once_and_a_busy_one_once_a_tick(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(tick_ms_min=60_000, tick_ms_max=60_000)
    audience._due = -math.inf  # the last pass is a tick ago
    ann = Noter("ann")
    audience.add(ann)

    audience.publish(comment("first"))
    await asyncio.sleep(0)
    at_once = ids(ann.messages)
    for n in range(10):
        audience.publish(comment(n))
        await asyncio.sleep(0)
    before_the_tick = len(ann.notes.writes)
    waiting = audience._timer
    assert waiting is not None
    timer = cast("asyncio.TimerHandle", waiting)  # uvloop has a class of its own
    assert timer.when() == pytest.approx(audience._passed_at + 60)
    waiting.cancel()
    audience._start_pass()  # the tick is over
    await settle(audience)

    assert at_once == ["cfirst"]
    assert before_the_tick == 1
    assert [len(array) for array in ann.notes.frames.arrays] == [1, 10]


async def test_on_a_busy_worker_the_tick_grows_with_all_its_audiences(
    make_audience: MakeAudience,
) -> None:
    crowd = Crowd()
    crowd.governor.note_rest(100.0, 100.0)
    crowd.governor.note_rest(100.0, 100.0)
    limits = {"tick_ms_min": 5, "tick_ms_max": 20, "tick_us_per_viewer": 1000}
    small, large = make_audience(crowd=crowd, **limits), make_audience(crowd=crowd, **limits)

    ticks = []
    for _ in range(30):
        large.add(Noter("ann"))
        ticks.append(round(small.tick_s() * 1000))

    assert ticks == [5] * 5 + list(range(6, 20)) + [20] * 11


async def test_a_member_that_left_twice_is_counted_once(make_audience: MakeAudience) -> None:
    crowd = Crowd()
    audience = make_audience(crowd=crowd)
    ann, ben = Noter("ann"), Noter("ben")
    for member in (ann, ben):
        audience.add(member)

    for _ in range(2):
        audience.remove(ann)

    assert crowd.size == len(audience) == 1


async def test_a_pass_writes_to_each_member_once_and_yields_after_each_slice(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(slice_viewers_max=3)
    members = [Noter(f"v{n}") for n in range(20)]
    for member in members:
        audience.add(member)
    for n in range(5):
        audience.publish(comment(n))
    audience.publish(stock(1))
    audience.publish(notice(1))

    written = [0]
    while written[-1] < len(members):
        await asyncio.sleep(0)
        written.append(sum(len(member.notes.writes) for member in members))
    await settle(audience)

    assert max(after - before for before, after in itertools.pairwise(written)) == 3
    assert [len(member.notes.writes) for member in members] == [1] * 20


async def test_viewers_share_one_choice_of_comments_and_are_told_what_was_left_out(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(sample_per_s_max=10)
    ann, ben = Noter("ann"), Noter("ben")
    for member in (ann, ben):
        audience.add(member)

    for n in range(50):
        audience.publish(comment(n))
    audience.publish(SoldEvent(name="B**", sku="mug", qty=1))
    await settle(audience)

    assert len([m for m in ann.messages if m["t"] in ("comment", "sold")]) == 10
    assert len(ids(ann.messages)) + gaps(ann.messages) == 50
    assert ben.messages == ann.messages
    assert ids(ann.messages) == sorted(ids(ann.messages), key=lambda i: int(i[1:]))


async def test_authors_get_their_own_comments_exactly_once_and_an_exact_gap(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(sample_per_s_max=10)
    authors = [Noter(f"v{n % 7}") for n in range(14)]  # everybody has two connections
    for member in authors:
        audience.add(member)

    for n in range(70):
        audience.publish(comment(n, user=f"v{n % 10}"))
    audience.publish(notice(1))
    await settle(audience)

    for member in authors:
        heard = ids(member.messages)
        assert seqs(member.messages) == [1]
        own = [f"c{n}" for n in range(70) if f"v{n % 10}" == member.user]
        assert len(heard) == len(set(heard))
        assert set(own) <= set(heard)
        assert len(heard) + gaps(member.messages) == 70
        assert len(member.notes.writes) == 1


async def test_whoever_is_answered_gets_the_answer_though_others_do_not(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(sample_per_s_max=1)
    asker, other = Noter("asker"), Noter("other")
    for member in (asker, other):
        audience.add(member)

    for n in range(40):
        audience.publish(comment(n, user=f"v{n}"))
    answer = comment("answer", user="v1")
    audience.publish(
        msgspec.structs.replace(answer, reply=Quoted(id="c0", user="asker", name="Asker"))
    )
    await settle(audience)

    assert "canswer" in ids(asker.messages)
    assert len(ids(asker.messages)) + gaps(asker.messages) == 41
    assert len(ids(other.messages)) == 1


async def test_hosts_and_moderators_get_every_comment(make_audience: MakeAudience) -> None:
    audience = make_audience(sample_per_s_max=10)
    host, ann = Noter("host", exempt=True), Noter("ann")
    for member in (host, ann):
        audience.add(member)

    for n in range(50):
        audience.publish(comment(n))
    await settle(audience)

    assert ids(host.messages) == [f"c{n}" for n in range(50)]
    assert gaps(host.messages) == 0
    assert gaps(ann.messages) == 40


async def test_a_budget_that_is_spent_comes_back_with_time(make_audience: MakeAudience) -> None:
    budget = Budget(10, 100.0, Random(1))

    chosen = [len(budget.choose(range(50), at)) for at in (100.0, 100.0, 100.55, 200.0)]

    assert chosen == [10, 0, 5, 10]


async def test_comments_beyond_what_may_wait_are_left_out_and_told(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    host = Noter("host", exempt=True)
    audience.add(host)

    for n in range(SAMPLED_WAITING_MAX + 3):
        audience.publish(comment(n))
    await settle(audience)

    assert len(ids(host.messages)) == SAMPLED_WAITING_MAX
    assert gaps(host.messages) == 3


async def test_a_budget_below_one_a_second_still_lets_one_through(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(sample_per_s_max=0.5)
    ann = Noter("ann")
    audience.add(ann)

    audience.publish(comment(1))
    await settle(audience)

    assert ids(ann.messages) == ["c1"]


async def test_comments_that_never_came_are_told_to_everybody(make_audience: MakeAudience) -> None:
    audience = make_audience()
    host, ann, ben = Noter("host", exempt=True), Noter("ann"), Noter("ben")
    for member in (host, ann, ben):
        audience.add(member)
    ben.fall_behind(audience)

    audience.count_lost(3)
    await settle(audience)
    ben.catch_up(audience)

    assert [gaps(member.messages) for member in (host, ann, ben)] == [3, 3, 3]


async def test_a_removed_comment_is_taken_out_of_what_waits(make_audience: MakeAudience) -> None:
    audience = make_audience(sample_per_s_max=1)
    bad, ann = Noter("bad"), Noter("ann")
    for member in (bad, ann):
        audience.add(member)

    audience.publish(comment(1, user="ann"))
    audience.publish(comment(2, user="bad"))
    audience.publish(comment(3, user="ben"))
    audience.publish(comment(4, user="bad"))
    audience.publish(RemovedEvent(seq=1, user="bad"))
    audience.publish(RemovedEvent(seq=2, id="c3"))
    await settle(audience)

    for member in (bad, ann):
        assert ids(member.messages) == ["c1"]
        assert seqs(member.messages) == [1, 2]
        assert gaps(member.messages) == 0


async def test_a_private_event_reaches_all_connections_of_its_user_and_nobody_else(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    first, second, other = Noter("ann"), Noter("ann"), Noter("ben")
    for member in (first, second, other):
        audience.add(member)
    second.fall_behind(audience)

    audience.tell("ann", MutedEvent(until=5))
    audience.remove(first)
    audience.tell("ann", MutedEvent(until=6))

    assert [m["until"] for m in first.messages] == [5]
    assert [m["until"] for m in second.messages] == [5, 6]
    assert other.messages == []


async def test_a_viewer_who_comes_while_a_pass_runs_gets_nothing_of_it(
    make_audience: MakeAudience,
) -> None:
    coming = [Noter("ann")]

    def let_in() -> bool:
        while coming:
            audience.add(coming.pop())
        return False

    audience = make_audience(let_in, sample_per_s_max=1)
    ann = coming[0]
    audience.add(Noter("ben"))

    # Some of these are left out, and those of `ann` are put back for ann's connections: the new
    # one has them in its snapshot already.
    for n in range(10):
        audience.publish(comment(n, user="ann"))
    audience.publish(notice(1))
    await settle(audience)
    assert ann.messages == []

    audience.publish(notice(2))
    await settle(audience)
    assert seqs(ann.messages) == [2]


async def test_a_member_that_fails_does_not_stop_the_passes(
    make_audience: MakeAudience, monkeypatch: pytest.MonkeyPatch
) -> None:
    audience = make_audience(slice_viewers_max=1)
    broken, ann = Noter("broken"), Noter("ann")

    def fail(_: bytes) -> None:
        raise RuntimeError("the transport is broken")

    monkeypatch.setattr(broken.notes, "write", fail)
    for member in (ann, broken):
        audience.add(member)

    audience.publish(notice(1))
    await settle(audience)
    audience.publish(notice(2))
    await settle(audience)

    assert seqs(ann.messages) == [1, 2]


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
