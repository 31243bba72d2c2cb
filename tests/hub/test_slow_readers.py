"""Members that stop reading, dribble, and come back; over real sockets."""

import asyncio

from server.features.asks.messages import AsksEvent
from server.features.comments.messages import CommentEvent
from server.features.stock.messages import StockEvent
from server.hub.audience import Audience
from tests.hub.conftest import MakeAudience, SitDown
from tests.hub.listening import (
    Noter,
    Person,
    comment,
    gaps,
    ids,
    notice,
    seqs,
    settle,
)

SOFT, HARD = 16_384, 100_000
LONG = "x" * 500


def stock(ver: int) -> StockEvent:
    return StockEvent(sale="s1", left=1000 - ver, held=ver, sold=0, ver=ver)


async def flood(audience: Audience, people: list[Person], start: int, count: int) -> None:
    """Comments and stock, and now and then a must-event; `people` read meanwhile."""
    for n in range(start, start + count):
        audience.publish(comment(n, text=LONG))
        audience.publish(stock(n))
        if n % 10 == 9:
            audience.publish(notice(n // 10 + 1))
            await settle(audience)
            for person in people:
                await person.until_seq(n // 10 + 1)
    await settle(audience)


async def test_a_stopped_reader_keeps_all_must_events_the_newest_values_and_an_exact_gap(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD)
    stuck = await sit_down(audience, "stuck", soft_bytes=SOFT)
    reader = await sit_down(audience, "reader", soft_bytes=SOFT)

    await flood(audience, [reader], 0, 200)
    assert stuck.member.behind_since
    assert not reader.member.behind_since
    assert len(ids(reader.frames.messages)) == 200

    # It comes back: what it was owed is told as soon as the old bytes are out, then all goes on.
    await stuck.until(lambda m: m["t"] == "gap")
    await flood(audience, [reader, stuck], 200, 50)
    heard = await stuck.until_seq(25)

    assert seqs(heard) == list(range(1, 26))
    assert len(ids(heard)) + gaps(heard) == 250
    assert gaps(heard) > 100
    vers = [m["ver"] for m in heard if m["t"] == "stock"]
    assert vers == sorted(vers)
    after_gap = heard[[m["t"] for m in heard].index("gap") :]
    assert next(m["ver"] for m in after_gap if m["t"] == "stock") == 199
    assert ids(heard)[-50:] == [f"c{n}" for n in range(200, 250)]


async def test_a_dribbling_reader_gets_every_must_event_in_order(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD)
    slow = await sit_down(audience, "slow", soft_bytes=SOFT)
    most = 0

    for n in range(400):
        audience.publish(comment(n, text=LONG))
        if n % 4 == 3:
            audience.publish(notice(n // 4 + 1))
        await settle(audience)
        await slow.read(200)
        assert slow.member.transport is not None
        most = max(most, slow.member.transport.get_write_buffer_size())
    await slow.until(lambda m: m["t"] == "gap", 300)
    audience.publish(notice(101))
    heard = await slow.until_seq(101, 300)

    assert seqs(heard) == list(range(1, 102))
    assert len(ids(heard)) + gaps(heard) == 400
    assert most < 2 * SOFT


async def test_own_comments_count_as_missed_while_behind(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD, sample_per_s_max=1)
    stuck = await sit_down(audience, "stuck", soft_bytes=SOFT)

    for n in range(300):
        audience.publish(comment(n, user="stuck", text=LONG))
        if n % 10 == 9:
            await settle(audience)
    assert stuck.member.behind_since
    await stuck.until(lambda m: m["t"] == "gap" and not stuck.member.behind_since)
    audience.publish(notice(1))
    heard = await stuck.until_seq(1)

    assert len(ids(heard)) == len(set(ids(heard)))
    assert len(ids(heard)) + gaps(heard) == 300


async def test_a_host_who_stops_reading_gets_the_newest_of_the_desk_and_is_not_cut(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD)
    stuck = await sit_down(audience, "host", soft_bytes=SOFT, exempt=True)

    for n in range(300):
        audience.tell_staff(AsksEvent(counts={LONG: n}))
        audience.tell_staff(
            CommentEvent(id=f"c{n}", user="u", name="u", role="viewer", text=LONG, ts=1)
        )
        await settle(audience)
    assert stuck.member.behind_since
    await stuck.until(lambda m: m["t"] == "gap")
    heard = await stuck.until(lambda m: m["t"] == "asks" and m["counts"][LONG] == 299)

    assert not stuck.member.lost.is_set()
    assert gaps(heard) > 100
    assert len(ids(heard)) + gaps(heard) == 300


async def test_too_many_unsent_bytes_cut_a_member_and_nobody_else(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD)
    stuck = await sit_down(audience, "stuck", soft_bytes=SOFT)
    reader = await sit_down(audience, "reader", soft_bytes=SOFT)

    seq = 0
    while not stuck.member.lost.is_set():
        seq += 1
        audience.publish(notice(seq, LONG))
        await settle(audience)
        await reader.until_seq(seq)
        transport = stuck.member.transport
        assert transport is None or transport.get_write_buffer_size() < HARD + 1000

    assert audience._metrics.cut_behind._value.get() == 1
    assert len(audience) == 1
    assert seqs(reader.frames.messages) == list(range(1, seq + 1))
    assert seqs(await stuck.until_the_end()) == list(range(1, len(seqs(stuck.frames.messages)) + 1))


async def test_a_member_behind_for_too_long_is_cut_though_nothing_more_is_said(
    make_audience: MakeAudience, sit_down: SitDown
) -> None:
    # Longer than the time between two looks at those who are behind.
    audience = make_audience(unsent_soft_bytes=SOFT, unsent_hard_bytes=HARD, behind_s_max=1.05)
    stuck = await sit_down(audience, "stuck", soft_bytes=SOFT)

    n = 0
    while not stuck.member.behind_since:
        n += 1
        audience.publish(comment(n, text=LONG))
        await settle(audience)
    await stuck.member.lost.wait()

    assert len(audience) == 0


async def test_stuck_readers_hold_references_to_shared_frames_not_copies(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    members = [Noter(f"v{n}") for n in range(50)]
    for member in members:
        audience.add(member)
        member.fall_behind(audience)

    audience.publish(notice(1, LONG))
    await settle(audience)

    assert len({id(member.notes.writes[0]) for member in members}) == 1


async def test_values_told_on_coming_back_never_overtake_the_pass_under_way(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience(slice_viewers_max=1)
    first, late = Noter("first"), Noter("late")
    for member in (first, late):
        audience.add(member)
    late.fall_behind(audience)

    audience.publish(stock(1))
    while not first.notes.writes:
        await asyncio.sleep(0)
    audience.publish(stock(2))
    late.catch_up(audience)  # its slice of the first pass is still to come
    await settle(audience)

    vers = [m["ver"] for m in late.messages]
    assert vers == sorted(vers)
    assert vers[-1] == 2
