"""Frames that are compressed by the frames before them are read by all they are sent to."""

import asyncio
from random import Random
from typing import Any

import msgspec
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from server.features.likes.messages import LikesEvent
from server.hub import shared_window
from server.hub.audience import Audience
from server.hub.member import Variant
from server.protocol.codec import Encoding
from tests.hub.conftest import MakeAudience, new_audience
from tests.hub.listening import Noter, comment, notice, settle
from tests.torture.size import more

USERS = ["ann", "ben", "eve"]
PLAIN = Variant(Encoding.JSON, False)
ALONE, WINDOW = Variant(Encoding.JSON, True), Variant(Encoding.JSON, True, window=True)
SAID = ["求链接", "包邮吗 " * 12, "想要蓝色的，还有吗？ " * 9, "在哪里发货"]

which = st.integers(0, 7)
turns = st.one_of(
    st.tuples(st.just("turn"), st.integers(1, 9)), st.tuples(st.just("settle"), st.none())
)


def stint(n: int, text: str) -> list[tuple[str, Any]]:
    """Somebody is told as staff what viewers are not, and is a viewer again."""
    end = ("settle", None)
    return [end, ("role", n), ("staff", text), end, ("role", n)]


single = st.one_of(
    st.tuples(st.just("say"), st.tuples(st.sampled_from(USERS), st.sampled_from(SAID))),
    st.tuples(st.just("must"), st.none()),
    st.tuples(st.just("staff"), st.sampled_from(SAID)),
    st.tuples(st.just("come"), st.sampled_from(USERS)),
    st.tuples(st.just("go"), which),
    st.tuples(st.just("pause"), which),
    st.tuples(st.just("resume"), which),
    st.tuples(st.just("role"), which),
    st.tuples(st.just("reply"), which),
    turns,
    turns,
)
steps = st.lists(
    st.one_of(
        single.map(lambda one: [one]),
        single.map(lambda one: [one]),
        st.builds(stint, which, st.sampled_from(SAID)),
    ),
    min_size=5,
    max_size=60,
).map(lambda parts: [one for part in parts for one in part])


class Twins:
    """Two connections of one person to whom the same happens: one keeps the window, one not."""

    def __init__(self, user: str) -> None:
        self.both = [Noter(user, variant=variant) for variant in (ALONE, WINDOW)]
        self.here = True


class Stage:
    """An audience of twins."""

    def __init__(self, budget: float) -> None:
        self.audience = new_audience(slice_viewers_max=1, sample_per_s_max=budget)
        self.came: list[Twins] = []
        self.said = self.seq = 0

    def do(self, what: str, arg: Any) -> None:
        match what:
            case "say":
                user, text = arg
                self.said += 1
                self.audience.publish(comment(self.said, user=user, text=text))
            case "must":
                self.seq += 1
                self.audience.publish(notice(self.seq, "今晚全场包邮 " * (self.seq % 40)))
            case "staff":
                self.said += 1
                self.audience.tell_staff(comment(self.said, text=arg))
            case "come" if self.audience._passing is None:  # else one twin has the pass
                self._come(arg)
            case "go" | "pause" | "resume" | "role" | "reply":
                here = [twins for twins in self.came if twins.here]
                if here and self.audience._passing is None:
                    self._change(what, here[arg % len(here)])

    def _come(self, user: str) -> None:
        twins = Twins(user)
        self.came.append(twins)
        for member in twins.both:
            self.audience.add(member)

    def _change(self, what: str, twins: Twins) -> None:
        twins.here = what != "go"
        for member in twins.both:
            match what:
                case "go":
                    self.audience.remove(member)
                case "pause" if not member.behind_since:
                    member.fall_behind(self.audience)
                case "resume" if member.behind_since:
                    member.catch_up(self.audience)
                case "role":
                    self.audience.exempt(member, not member.exempt)
                case "reply":
                    member.send(LikesEvent(total=self.said), notice(0, SAID[1]))


@pytest.mark.grows
@settings(max_examples=more(150, 3000))
@given(steps, st.sampled_from([0, 1]))
def test_who_keeps_the_window_reads_what_others_read(
    acts: list[tuple[str, Any]], budget: float
) -> None:
    async def play() -> None:
        stage = Stage(budget)
        for user in USERS:
            stage.do("come", user)
        for what, arg in acts:
            for _ in range(arg if what == "turn" else 0):
                await asyncio.sleep(0)
            if what == "settle":
                await settle(stage.audience)
            stage.do(what, arg)
        await settle(stage.audience)
        stage.audience.close()
        for twins in stage.came:
            alone, kept = (member.messages for member in twins.both)
            assert kept == alone

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_window, "SHARED_FROM", 2)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play())


async def tell(audience: Audience, people: list[Noter], comments: int) -> list[int]:
    """Publish comments one by one; the bytes that each person got of them."""
    before = [sum(map(len, person.notes.writes)) for person in people]
    for n in range(comments):
        audience.publish(comment(n, user=f"u{n}", text=SAID[n % len(SAID)]))
        await settle(audience)
    return [sum(map(len, p.notes.writes)) - b for p, b in zip(people, before, strict=True)]


def crowd(audience: Audience, size: int, variant: Variant) -> list[Noter]:
    """Let so many people in."""
    people = [Noter(f"{variant.window}{n}", variant=variant) for n in range(size)]
    for person in people:
        audience.add(person)
    return people


async def test_single_comments_take_less_than_half_the_bytes(make_audience: MakeAudience) -> None:
    audience = make_audience()
    size = shared_window.SHARED_FROM
    people = [crowd(audience, size, variant)[0] for variant in (ALONE, WINDOW)]

    alone, kept = await tell(audience, people, 50)

    assert kept < alone / 2


async def test_comments_of_people_who_all_differ_take_half_the_bytes(
    make_audience: MakeAudience,
) -> None:
    audience, rng = make_audience(), Random(1)
    people = [crowd(audience, shared_window.SHARED_FROM, variant)[0] for variant in (PLAIN, WINDOW)]

    def word(letters: int) -> str:
        return "".join(chr(rng.randrange(0x4E00, 0x9FA5)) for _ in range(letters))

    for n in range(60):
        user = f"{rng.getrandbits(48):x}"
        event = comment(n, user=user, text=f"{word(3)}想要{word(2)}的，还有吗")
        audience.publish(
            msgspec.structs.replace(event, name=word(3), id=f"{rng.getrandbits(60):x}")
        )
        await settle(audience)
    plain, kept = (sum(map(len, person.notes.writes)) for person in people)

    assert kept < 0.6 * plain


async def test_a_few_viewers_have_no_window(make_audience: MakeAudience) -> None:
    audience = make_audience()
    few = crowd(audience, shared_window.SHARED_FROM - 1, WINDOW)
    alone = crowd(audience, 1, ALONE)

    bytes_of_few, bytes_alone = await tell(audience, [few[0], *alone], 10)

    assert bytes_of_few == bytes_alone
    assert not audience._pass_writer._windows._windows


async def test_who_comes_later_joins_the_run_when_waiting_has_cost_as_much(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    first = crowd(audience, 40, WINDOW)
    await tell(audience, first, 5)
    late = Noter("late", variant=WINDOW)
    audience.add(late)

    waits: list[int] = []
    follows: list[int] = []
    for _ in range(60):
        here, there = await tell(audience, [first[0], late], 1)
        (follows if here == there else waits).append(there)

    # A new run costs 40 members a frame compressed alone: as much as 40 such frames of `late`.
    assert 38 <= len(waits) <= 41
    assert sum(follows[1:]) / len(follows[1:]) < sum(waits) / len(waits) / 2


def text_of(n: int) -> str:
    """What a comment says: every second one much as the one before, and like no other, so that it
    refers to that."""
    pair = (n + 1) // 2
    return f"{n} " + "".join(chr(0x4E00 + (pair * 577 + k * 131) % 20_000) for k in range(5 + pair))


async def say(audience: Audience, *numbers: int) -> None:
    """Publish these comments, each in a frame of its own."""
    for n in numbers:
        audience.publish(comment(n, user=f"u{n}", text=text_of(n)))
        await settle(audience)


def read(person: Noter) -> list[str]:
    """What a person read of the comments."""
    return [message["text"] for message in person.messages if message["t"] == "comment"]


async def test_who_misses_a_frame_reads_those_after_it(make_audience: MakeAudience) -> None:
    audience = make_audience()
    slow, *others = crowd(audience, 30, WINDOW)
    await say(audience, 1, 2)
    slow.fall_behind(audience)
    await say(audience, 3)
    slow.catch_up(audience)
    await say(audience, 4, 5)

    assert read(slow) == [text_of(n) for n in (1, 2, 4, 5)]
    assert read(others[-1]) == [text_of(n) for n in range(1, 6)]


async def test_a_time_as_staff_ends_a_run(make_audience: MakeAudience) -> None:
    audience = make_audience()
    helper, *others = crowd(audience, 30, WINDOW)
    await say(audience, 1, 2)
    audience.exempt(helper, True)
    audience.tell_staff(comment(3, text="员工 " * 40))  # long enough to be compressed alone
    await settle(audience)
    audience.exempt(helper, False)
    await say(audience, 4, 5)

    assert read(helper) == [text_of(1), text_of(2), "员工 " * 40, text_of(4), text_of(5)]
    assert read(others[-1]) == [text_of(n) for n in (1, 2, 4, 5)]


async def test_who_was_not_written_to_reads_the_next_frame(make_audience: MakeAudience) -> None:
    audience = make_audience(slice_viewers_max=10)
    people = crowd(audience, 30, WINDOW)
    await say(audience, 1, 2)
    write = people[14].notes.write

    def fail(_: bytes) -> None:
        raise OSError("no buffer space")

    people[14].notes.write = fail  # type: ignore[assignment,method-assign]
    await say(audience, 3)
    people[14].notes.write = write  # type: ignore[method-assign]
    await say(audience, 4, 5)

    for person in people:
        *before, last, newest = read(person)
        assert (last, newest) == (text_of(4), text_of(5))
        assert before in ([text_of(1), text_of(2)], [text_of(1), text_of(2), text_of(3)])


async def test_a_room_that_empties_and_fills_begins_again(make_audience: MakeAudience) -> None:
    audience = make_audience()
    people = crowd(audience, shared_window.SHARED_FROM, WINDOW)
    await say(audience, 1, 2)
    windows = audience._pass_writer._windows._windows
    assert len(windows) == 1
    audience.remove(people[0])
    assert not windows
    await say(audience, 3, 4)
    audience.add(people[0])
    await say(audience, 5, 6)

    assert len(windows) == 1
    assert read(people[0]) == [text_of(n) for n in (1, 2, 5, 6)]
    assert read(people[-1]) == [text_of(n) for n in range(1, 7)]


async def test_staff_who_come_and_go_leave_the_viewers_run_alone(
    make_audience: MakeAudience,
) -> None:
    audience = make_audience()
    people = crowd(audience, shared_window.SHARED_FROM, WINDOW)
    host = Noter("host", exempt=True, variant=WINDOW)
    audience.add(host)
    await say(audience, 1, 2)
    window = audience._pass_writer._windows._windows[WINDOW]
    audience.remove(host)
    audience.add(host)
    await say(audience, 3)

    assert audience._pass_writer._windows._windows == {WINDOW: window}
    assert read(host) == read(people[0]) == [text_of(n) for n in (1, 2, 3)]
