"""Polls: one vote a user, counted in batches, the same on every worker."""

import asyncio

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.features.phases.messages import LiveEnd
from server.features.polls.messages import Poll, PollClose, PollOk, PollOpen, Vote
from server.features.polls.polls import Polls
from server.protocol.codes import CommandError
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.rooms.rounds import facts, let_end, refusal, sweep, viewer
from tests.rooms.views import shown
from tests.torture.size import more

COLOURS = PollOpen(ref=1, question="下一个颜色？", options=["红", "蓝", "绿"])


async def open_poll(here: Rig, cmd: PollOpen = COLOURS) -> Poll:
    return expect(PollOk, await here.do(cmd)).poll


async def vote(here: Rig, poll: Poll, user: str, option: int) -> None:
    await here.do(Vote(ref=1, poll=poll.poll, option=option), viewer(user))


async def now(here: Rig) -> Poll:
    """The room's newest poll, as a viewer who joins would see it."""
    poll = shown(await here.directory.read(ROOM)).poll
    assert poll is not None
    return poll


async def test_a_poll_is_told_voted_on_and_closed_with_its_result(here: Rig) -> None:
    ann = await here.join("ann")

    poll = await open_poll(here)
    for user, option in (("ann", 1), ("ben", 1), ("cid", 0)):
        await vote(here, poll, user, option)
    closed = expect(PollOk, await here.do(PollClose(ref=1, poll=poll.poll))).poll
    heard = await ann.until(lambda m: m["t"] == "poll" and m["poll"]["status"] == "closed")

    assert (poll.options, poll.votes, poll.status) == (["红", "蓝", "绿"], [0, 0, 0], "open")
    assert closed is not None
    assert (closed.votes, closed.status, closed.ends) == ([1, 2, 0], "closed", 0)
    told = [m["poll"]["votes"] for m in heard if m["t"] == "poll"]
    assert (told[0], told[-1]) == ([0, 0, 0], [1, 2, 0])
    assert await now(here) == closed


async def test_a_user_has_one_vote_and_may_say_it_again(here: Rig) -> None:
    poll = await open_poll(here)
    await vote(here, poll, "ann", 2)

    await vote(here, poll, "ann", 2)
    changed_mind = await refusal(vote(here, poll, "ann", 0))

    assert changed_mind == "conflict"
    assert (await now(here)).votes == [0, 0, 1]


@pytest.mark.parametrize("other", ["newest", "p0", "p0:ver"])
async def test_an_unknown_poll_or_option_cannot_be_voted_for(here: Rig, other: str) -> None:
    poll = await open_poll(here, PollOpen(ref=1, question="Size?", options=["S", "L"]))

    assert await refusal(here.do(Vote(ref=1, poll=other, option=0), HOST)) == "not_found"
    assert await refusal(vote(here, poll, "ann", 2)) == "not_found"
    assert await refusal(here.do(PollClose(ref=1, poll=other))) == "not_found"


async def test_one_poll_a_room_is_open(here: Rig) -> None:
    first = await open_poll(here)

    second = await refusal(here.do(COLOURS))
    await here.do(PollClose(ref=1, poll=first.poll))
    again = expect(PollOk, await here.do(PollClose(ref=1, poll=first.poll)))
    third = await open_poll(here)

    assert (second, again.poll and again.poll.status) == ("conflict", "closed")
    assert (await now(here)).poll == third.poll
    assert await refusal(vote(here, first, "ann", 0)) == "ended"


async def test_a_poll_ends_by_the_clock_and_a_sweep_tells_the_room(here: Rig, there: Rig) -> None:
    ann = await here.join("ann")
    poll = await open_poll(here, PollOpen(ref=1, question="?", options=["a", "b"], lasts_s=600))
    await vote(here, poll, "ann", 1)
    await let_end(here, "polls", poll.poll)

    late = await refusal(vote(there, poll, "ben", 0))
    swept = await asyncio.gather(sweep(here), sweep(there))
    heard = await ann.until(lambda m: m["t"] == "poll" and m["poll"]["status"] == "closed")

    assert (late, sum(swept), await sweep(here)) == ("ended", 1, 0)
    assert poll.ends == poll.starts + 600_000
    assert [m["poll"]["votes"] for m in heard if m["t"] == "poll"][-1] == [0, 1]


async def test_a_poll_that_is_over_makes_way_for_the_next_before_any_sweep(here: Rig) -> None:
    first = await open_poll(here, PollOpen(ref=1, question="?", options=["a", "b"], lasts_s=600))
    await let_end(here, "polls", first.poll)

    second = await open_poll(here)

    polls = [fact["poll"] for fact in await facts(here, "poll")]
    assert [(p["poll"], p["status"]) for p in polls] == [
        (first.poll, "open"),
        (first.poll, "closed"),
        (second.poll, "open"),
    ]
    assert await sweep(here) == 0


async def test_the_end_of_the_stream_closes_its_poll(here: Rig) -> None:
    poll = await open_poll(here)
    await here.do(LiveEnd(ref=1))

    late = await refusal(vote(here, poll, "ann", 0))
    await sweep(here)

    assert (late, (await now(here)).status) == ("ended", "closed")
    assert await refusal(here.do(COLOURS)) == "ended"


async def test_the_timeline_has_what_was_asked_and_what_was_chosen(here: Rig) -> None:
    poll = await open_poll(here)
    await vote(here, poll, "ann", 0)
    await here.do(PollClose(ref=1, poll=poll.poll))

    opened, closed = await facts(here, "poll")

    assert (opened["by"], opened["poll"]["status"], opened["poll"]["votes"]) == (
        HOST.user, "open", [0, 0, 0],
    )  # fmt: skip
    assert (closed["by"], closed["poll"]["status"], closed["poll"]["votes"]) == (
        HOST.user, "closed", [1, 0, 0],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "options", "code"),
    [
        (" \x07 ", ["a", "b"], "bad_message"),
        ("?", ["Yes", "ｙｅｓ"], "bad_message"),
        ("?", ["STRASSE", "no", "straße"], "bad_message"),
        ("?", ["a", "\u200b"], "bad_message"),
        ("?", ["a", " a "], "bad_message"),
        ("x" * 101, ["a", "b"], "too_long"),
        ("?", ["a", "b" * 41], "too_long"),
    ],
)
async def test_a_poll_asks_in_words_that_can_be_seen_and_told_apart(
    here: Rig, question: str, options: list[str], code: str
) -> None:
    assert await refusal(here.do(PollOpen(ref=1, question=question, options=options))) == code
    assert shown(await here.directory.read(ROOM)).poll is None


async def test_a_room_has_so_many_polls_and_no_more(make_settings: MakeSettings) -> None:
    async with rig(make_settings(polls={"polls_max": 2}), "w1") as here:
        await here.create()
        polls = []
        for _ in range(2):
            polls.append(await open_poll(here))
            await here.do(PollClose(ref=1, poll=polls[-1].poll))

        assert await refusal(here.do(COLOURS)) == "limit_reached"
        assert [p.poll for p in await Polls(here.store, here.settings).all(ROOM)] == [
            p.poll for p in polls
        ]


users = st.sampled_from(["ann", "ben", "cid", "dan", "a/b", "newest"])
votes = st.tuples(st.just("vote"), users, st.integers(0, 3))
steps = st.tuples(
    st.one_of(
        votes, votes, votes, st.tuples(st.sampled_from(["open", "close"]), users, st.just(2))
    ),
    st.booleans(),
)
Step = tuple[tuple[str, str, int], bool]


class Model:
    """What the room's polls must be: who chose what, the newest poll last."""

    def __init__(self) -> None:
        self.chosen: list[dict[str, int]] = []
        self.is_open = False

    def take(self, what: str, user: str, n: int) -> str:
        """Do a step; the code it is refused with, empty if it is not."""
        if what == "open":
            if self.is_open:
                return "conflict"
            self.chosen.append({})
        if what != "vote":
            self.is_open = what == "open"
            return ""
        chosen = self.chosen[-1]
        if n >= len(COLOURS.options):
            return "not_found"
        if user in chosen:
            return "" if chosen[user] == n else "conflict"
        if self.is_open:
            chosen[user] = n
        return "" if self.is_open else "ended"

    def counts(self) -> list[list[int]]:
        return [
            [list(chosen.values()).count(n) for n in range(len(COLOURS.options))]
            for chosen in self.chosen
        ]


async def attempt(at: Rig, polls: list[Poll], what: str, user: str, n: int) -> str:
    """Do a step of the story on a worker; the code it was refused with."""
    try:
        if what == "open":
            polls.append(await open_poll(at))
        elif what == "close":
            await at.do(PollClose(ref=1, poll=polls[-1].poll))
        else:
            await vote(at, polls[-1], user, n)
    except CommandError as refused:
        return refused.code
    return ""


async def compare(room_settings: Settings, story: list[Step]) -> None:
    async with rig(room_settings, "w1") as here, rig(room_settings, "w2") as there:
        await here.create()
        await here.join("watcher")
        await there.join("watcher")
        model, polls = Model(), list[Poll]()
        for step, is_here in story:
            code = await attempt(here if is_here else there, polls, *step)
            assert code == model.take(*step), step
        found = await Polls(here.store, here.settings).all(ROOM)
        assert [poll.votes for poll in found] == model.counts()
        fresh = await here.directory.read(ROOM)
        for each in (here, there):
            await each.heard_all()
            assert each.room.state.view() == fresh


@pytest.mark.grows
def test_any_votes_on_two_workers_count_as_the_model_says(make_settings: MakeSettings) -> None:
    run = 0

    @settings(
        max_examples=more(8, 100),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(st.lists(steps, max_size=20))
    def check(story: list[Step]) -> None:
        nonlocal run
        run += 1
        made = make_settings()
        room_settings = make_settings(
            redis={"key_prefix": f"{made.redis.key_prefix}-{run}"},
            bus={"publish_interval_ms": 1},
            hub={"tick_ms_min": 1, "tick_ms_max": 1},
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(compare(room_settings, [(("open", "", 0), True), *story]))

    check()
