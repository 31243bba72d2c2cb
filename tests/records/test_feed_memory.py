"""What a worker remembers for the feed: no more than the notes that are there."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import delete, insert, select

from server.background.clock import DAY_MS, unix_ms
from server.features.feed.covisits import CoVisits, Interaction
from server.features.feed.intake import Intake
from server.features.feed.memory import Memory, note_key
from server.features.feed.people import People
from server.features.feed.settings import FeedSettings
from server.features.feed.tables import ACTS, NEWCOMERS, SERIALS
from server.features.notes.tables import NOTE_ACTS
from server.records.database import Database
from server.records.errors import RecordsAway


def note(name: str, *tags: str, status: str = "public") -> Any:
    listed = "[" + ",".join(f'"{tag}"' for tag in tags) + "]"
    return SimpleNamespace(
        note=name, author=f"by {name}", status=status, tags=listed, goods="[]", published=1
    )


def test_tags_authors_and_acts_of_notes_that_are_gone_take_no_memory() -> None:
    memory = Memory(2, CoVisits())
    for n in range(10):
        memory.put_note(note(f"n{n}", f"tag {n}", "all"))
        memory.hear(Interaction("ann", note_key("n0"), "like", 1000 + n), 1.0)
    assert list(memory.notes) == ["note:n8", "note:n9"]
    memory.put_note(note("n9", "all"))
    memory.put_note(note("n8", status="held"))
    assert list(memory.notes_of_tag("all", 9)) == ["note:n9"]
    assert (set(memory._by_tag), set(memory._by_author)) == ({"all"}, {"by n9"})
    assert len(memory.popularity) == 0


def test_nobody_makes_anything_popular_by_doing_it_again() -> None:
    memory, now = Memory(9, CoVisits()), 20_000 * DAY_MS
    memory.put_note(note("n1"))
    for item in ("note:n1", "host:mo"):
        for n in range(9):
            memory.hear(Interaction("ann", item, "like", now + n), 1.5)
        memory.hear(Interaction("ben", item, "like", now), 1.5)
        assert memory.popularity.now(item, now) == 3.0
    memory.hear(Interaction("ann", "host:mo", "like", now + DAY_MS), 1.5)
    assert memory.popularity.now("host:mo", now + DAY_MS) == 3.0  # half of both, and one anew


class Flaky:
    """Records that are away once, when a worker has heard of some acts."""

    def __init__(self, records: Database, memory: Memory) -> None:
        self._records = records
        self._memory = memory
        self.was_away = False
        self.writing = records.writing

    def reading(self) -> Any:
        if not self.was_away and len(self._memory.popularity):
            self.was_away = True
            raise RecordsAway("away")
        return self._records.reading()


async def test_a_first_look_that_was_cut_short_counts_nothing_twice(
    records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.features.feed.intake.BATCH", 2)
    now = unix_ms()
    acts = [
        {"serial": n, "life": 1, "person": f"u{n}", "kind": "watch", "ref": "", "host": "mo",
         "at": now}
        for n in range(1, 6)
    ]  # fmt: skip
    async with records.writing() as connection:
        await connection.execute(insert(SERIALS).values(name="acts", last=5))
        await connection.execute(insert(ACTS), acts)
    settings, memory = FeedSettings(), Memory(100, CoVisits())

    async def nothing() -> None:
        pass

    def forget(_: Any) -> None:
        pass

    flaky: Any = Flaky(records, memory)
    people = People(records, cast("Any", None), settings)
    intake = Intake(flaky, memory, people, settings, nothing, forget, forget)
    with pytest.raises(RecordsAway):
        await intake.look()
    await intake.look()
    assert flaky.was_away
    assert memory.popularity.now("host:mo", now) == 5.0


async def test_a_note_is_promised_impressions_though_the_records_were_away(
    records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = unix_ms()
    none = cast("Any", None)
    intake = Intake(records, Memory(9, CoVisits()), none, FeedSettings(), none, none, none)
    row = SimpleNamespace(note="n1", author="mo", status="public", published=now)

    async def away(*_: Any) -> None:
        raise RecordsAway("away")

    with monkeypatch.context() as patched:
        patched.setattr("server.features.feed.intake.enter_newcomers", away)
        with pytest.raises(RecordsAway):
            await intake._enter_new_notes([row])
    await intake._enter_new_notes([row])
    async with records.reading() as connection:
        assert [each.item for each in await connection.execute(NEWCOMERS.select())] == ["note:n1"]


async def test_a_serial_of_an_act_is_never_given_again(records: Database) -> None:
    # Who reads on by serial would miss what is done after retention took the last act.
    serials = list[int]()
    for _ in range(2):
        async with records.writing() as connection:
            act = {"at": 1, "person": "ann", "note": "n1", "kind": "open"}
            await connection.execute(insert(NOTE_ACTS).values(act))
            serials += (await connection.execute(select(NOTE_ACTS.c.serial))).scalars()
            await connection.execute(delete(NOTE_ACTS))
    assert serials[1] > serials[0]
