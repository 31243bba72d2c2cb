"""What a room does once in the background is logged and counted when it fails."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from server.background.repeating import Errands
from server.background.troubles import FAILURES
from server.features.figures.figure_book import FigureBook
from server.features.follows.messages import AnnounceEvent
from server.protocol.codes import RESYNC
from server.store.commit import GroupCommit
from tests.rooms.rig import ROOM, Rig


class Broken(Exception):
    """What nobody expected."""


async def fail(*_: object) -> Any:
    raise Broken


class Told(logging.Handler):
    """What is logged of errands that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.first = asyncio.Event()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert record.exc_info is not None
        self.lines.append(record.getMessage())
        self.first.set()

    async def of(self, task: str) -> None:
        """Wait for the first line, which must be of this task."""
        await self.first.wait()
        assert self.lines[0].startswith(f"The task `{task}`")
        assert "Broken" in self.lines[0]
        assert FAILURES.labels(task)._value.get() >= 1


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    logging.getLogger("server.background.troubles").addHandler(made)
    yield made
    logging.getLogger("server.background.troubles").removeHandler(made)


async def test_a_fill_that_fails_is_told_and_the_room_is_read_anew(here: Rig, told: Told) -> None:
    ann = await here.join("ann")
    here.room._fill_page = fail  # type: ignore[method-assign]
    here.room.maybe_lost()
    await told.of("room fill")
    assert ann.closed_with is RESYNC


async def test_a_message_that_breaks_a_room_after_a_fill_does_not_leave_it_deaf(
    here: Rig, told: Told
) -> None:
    ann = await here.join("ann")

    def broken() -> None:
        raise Broken

    here.room._catch_up = broken  # type: ignore[method-assign]
    here.room.maybe_lost()
    await told.of("room fill")
    assert ann.closed_with is RESYNC


async def test_a_room_that_cannot_be_closed_is_told(
    here: Rig, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.join("ann")
    monkeypatch.setattr(here.bus, "unsubscribe", fail)
    here.room._break("the test says so")
    await told.of("room closing")


async def test_a_room_that_cannot_be_opened_is_told_to_who_joins_and_to_the_log(
    here: Rig, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here.rooms, "_must_exist", fail)
    with pytest.raises(Broken):
        await here.join("ann")
    await told.of("room opening")


async def test_an_announcement_that_fails_is_told_and_waits_before_it_is_tried_again(
    here: Rig, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here.announcer, "announce", fail)
    async with here.announcer:
        here.announcer.start(ROOM)
        await told.of("announcing")
        here.announcer.start(ROOM)
        assert len(here.announcer._announcing) == 0


async def test_news_that_cannot_be_told_are_logged_and_the_next_signal_tries_again(
    here: Rig, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = AnnounceEvent(room="r9", title="Tea", host="h1", host_name="Mei", why="follow")
    again = asyncio.Event()

    async def works(_: object) -> None:
        again.set()

    async with here.news:
        monkeypatch.setattr(here.news, "_tell_all", fail)
        here.news._hear(signal)
        await told.of("news")
        monkeypatch.setattr(here.news, "_tell_all", works)
        here.news._hear(signal)
        await again.wait()


async def test_figures_that_cannot_be_read_are_told_to_who_asks_and_to_the_log(
    here: Rig, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = FigureBook(here.store, here.settings)
    monkeypatch.setattr(book.streams, "settled", fail)
    with pytest.raises(Broken):
        await book.figures_of(ROOM)
    await told.of("figures")
    await book.aclose()


async def test_a_batch_that_cannot_even_be_taken_is_told(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    line: GroupCommit[int, int] = GroupCommit("x", fail, batch_max=1, waiting_max=9)

    def broken(_: object) -> Any:
        raise Broken

    monkeypatch.setattr(line, "_take", broken)
    line._enter(ROOM, 1, lambda *_: None)
    await told.of("commit x")


async def test_an_owner_may_close_from_one_of_its_own_errands() -> None:
    errands = Errands("a test")
    done = asyncio.Event()

    async def close() -> None:
        await errands.aclose()
        done.set()

    other = errands.start(asyncio.sleep(3600))
    errands.start(close())
    await done.wait()
    assert other.cancelled()
