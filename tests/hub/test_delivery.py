"""What each delivery class promises to members that read."""

import asyncio
import itertools
import math
from typing import cast

import pytest

from server.features.comments.messages import MutedEvent
from server.features.likes.messages import LikesEvent
from server.features.stock.messages import StockEvent
from server.hub.crowd import Crowd
from server.hub.member import Variant
from server.protocol.codec import Encoding
from tests.hub.conftest import MakeAudience, SitDown
from tests.hub.listening import Noter, SentFrames, comment, ids, notice, seqs, settle

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
