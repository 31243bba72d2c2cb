"""Which comments viewers are shown, and what they are told of those that were left out."""

from random import Random

import msgspec

from server.features.comments.messages import Quoted, RemovedEvent
from server.features.orders.messages import SoldEvent
from server.hub.sampling import Budget
from server.hub.waiting import SAMPLED_WAITING_MAX
from tests.hub.conftest import MakeAudience
from tests.hub.listening import Noter, comment, gaps, ids, notice, seqs, settle


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
