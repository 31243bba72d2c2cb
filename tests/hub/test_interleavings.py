"""Whatever is published while members come, go, fall behind and catch up: nothing twice, nothing
missing, nothing backwards."""

import asyncio
from collections import deque
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from server.features.comments.messages import RemovedEvent
from server.features.likes.messages import LikesEvent
from server.features.stock.messages import StockEvent
from server.hub import shared_window
from server.hub.member import Variant
from server.protocol.codec import Encoding
from tests.hub.conftest import new_audience
from tests.hub.listening import Noter, comment, gaps, ids, notice, seqs, settle
from tests.torture.size import more

WINDOW = Variant(Encoding.JSON, True, window=True)
USERS = ["ann", "ben", "host"]
which = st.integers(0, 7)
step = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(USERS)),
    st.tuples(st.just("say"), st.sampled_from(USERS)),
    st.tuples(st.just("must"), st.none()),
    st.tuples(st.just("stock"), st.integers(-1, 2)),
    st.tuples(st.just("like"), st.none()),
    st.tuples(st.just("lose"), st.none()),
    st.tuples(st.just("remove"), st.integers(0, 5)),
    st.tuples(st.just("come"), st.sampled_from(USERS)),
    st.tuples(st.just("come"), st.sampled_from(USERS)),
    st.tuples(st.just("go"), which),
    st.tuples(st.just("pause"), which),
    st.tuples(st.just("resume"), which),
    st.tuples(st.just("turn"), st.integers(1, 4)),
)


class Seen(Noter):
    """A member, whose reader keeps the window of compressed frames, and what its snapshot
    contained."""

    def __init__(self, user: str) -> None:
        super().__init__(user, exempt=user == "host", variant=WINDOW)
        self.was_behind = False
        self.snapshot: dict[str, Any] = {}


class Stage:
    """An audience, what was published to it, and everybody who came."""

    def __init__(self, budget: float) -> None:
        self.seq = 0
        self.published: list[str] = []
        self.authors: dict[str, str] = {}
        self.removed: set[str] = set()
        self.lost = 0
        self.ver = 0
        self.likes = 0
        self.coming: deque[Seen] = deque()
        self.came: list[Seen] = []
        self.audience = new_audience(self.let_in, slice_viewers_max=1, sample_per_s_max=budget)

    def let_in(self) -> bool:
        if self.coming:
            member = self.coming.popleft()
            member.snapshot = {
                "seq": self.seq,
                "comments": len(self.published) + self.lost,
                "ids": set(self.published),
                "ver": self.ver,
                "likes": self.likes,
                "removed": set(self.removed),
            }
            self.audience.add(member)
            self.came.append(member)
        return bool(self.coming)

    def do(self, what: str, arg: Any) -> None:
        match what:
            case "say":
                self._say(arg)
            case "must":
                self.seq += 1
                self.audience.publish(notice(self.seq))
            case "stock":  # some of them old
                ver = max(0, self.ver + arg)
                self.ver = max(self.ver, ver)
                self.audience.publish(StockEvent(sale="s", left=0, held=0, sold=0, ver=ver))
            case "like":
                self.likes += 1
                self.audience.publish(LikesEvent(total=self.likes))
            case "lose":
                self.lost += 2
                self.audience.count_lost(2)
            case "remove":
                self._remove(arg)
            case "come":
                self.coming.append(Seen(arg))
                self.audience.wake()
            case "go" | "pause" | "resume":
                self._change(what, arg)

    def _say(self, user: str) -> None:
        name = f"c{len(self.published)}"
        self.published.append(name)
        self.authors[name] = user
        self.audience.publish(comment(name[1:], user=user, text=text_of(name)))

    def _remove(self, n: int) -> None:
        if n < len(self.published):
            self.seq += 1
            gone = self.published[-1 - n]
            self.removed.add(gone)
            self.audience.publish(RemovedEvent(seq=self.seq, id=gone))

    def _change(self, what: str, n: int) -> None:
        here = [member for member in self.came if member in set(self.audience)]
        if not here:
            return
        member = here[n % len(here)]
        if what == "go":
            self.audience.remove(member)
            member.transport = None
        elif what == "pause" and not member.behind_since:
            member.was_behind = True
            member.fall_behind(self.audience)
        elif what == "resume" and member.behind_since:
            member.catch_up(self.audience)

    async def end(self) -> None:
        self.seq += 1
        self.audience.publish(notice(self.seq))
        await settle(self.audience)
        for member in self.audience:
            assert isinstance(member, Seen)
            if member.behind_since:
                member.catch_up(self.audience)
        await settle(self.audience)
        self.audience.close()


def text_of(name: str) -> str:
    """What a comment says: every third much as the two before, and like no other; some long enough
    to be compressed alone."""
    n = int(name[1:]) // 3
    letters = (chr(0x4E00 + (n * 577 + k * 131) % 20_000) for k in range(6 + n % 7 * 12))
    return f"{name} " + "".join(letters)


def check(stage: Stage, member: Seen) -> None:
    messages, snapshot = member.messages, member.snapshot
    stays = member.transport is not None
    last = stage.seq if stays else snapshot["seq"] + len(seqs(messages))
    assert seqs(messages) == list(range(snapshot["seq"] + 1, last + 1))

    vers = [snapshot["ver"], *(m["ver"] for m in messages if m["t"] == "stock")]
    assert vers == sorted(vers)
    likes = [snapshot["likes"], *(m["total"] for m in messages if m["t"] == "likes")]
    assert likes == sorted(likes)
    if stays:
        assert (vers[-1], likes[-1]) == (stage.ver, stage.likes)

    for message in messages:
        assert message["t"] != "comment" or message["text"] == text_of(message["id"])
    heard = ids(messages)
    assert len(heard) == len(set(heard))
    assert not snapshot["ids"] & set(heard)
    since = set(stage.published) - snapshot["ids"]
    removed = len((stage.removed - snapshot["removed"]) & since)
    if stays:
        # A comment removed before it was written is neither told nor missed.
        accounted = len(heard) + gaps(messages)
        published = len(stage.published) + stage.lost - snapshot["comments"]
        assert published - removed <= accounted <= published
    if stays and not member.was_behind:
        own = {c for c in since if stage.authors[c] == member.user or member.exempt}
        assert own - stage.removed <= set(heard)


@pytest.mark.grows
@settings(max_examples=more(100, 1000))
@given(st.lists(step, min_size=5, max_size=60), st.sampled_from([0, 1, 3]))
def test_nothing_twice_nothing_missing_nothing_backwards(
    steps: list[tuple[str, Any]], budget: float
) -> None:
    async def play() -> None:
        stage = Stage(budget)
        for what, arg in steps:
            for _ in range(arg if what == "turn" else 0):
                await asyncio.sleep(0)
            stage.do(what, arg)
        await stage.end()
        for member in stage.came:
            check(stage, member)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_window, "SHARED_FROM", 2)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(play())
