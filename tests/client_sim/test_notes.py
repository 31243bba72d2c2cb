"""Notes of a run against a server that counts them wrongly: the checks notice."""

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from client_sim.crowd import Crowd
from client_sim.people import Manner
from client_sim.script import Script, Step
from server.access.auth import Identity
from server.features.notes import marks, note_book, talk
from server.features.notes.bodies import NoteAsksPage
from server.features.notes.tables import NOTES
from server.features.notes.talk import Talk
from server.house import HOUSE
from server.settings import Settings
from server.store.script_library import sha_of
from tests.client_sim.conftest import Played
from tests.client_sim.test_crowd import plan
from tests.running import running


def step(at_s: float, who: str, act: str, **fields: Any) -> Step:
    return Step(at_s, who, act, 1.0, 0.0, fields, f"{who} {act}")


SALE = {"name": "mugs", "sku": "mug-jade-350", "price": 1, "stock": 9}
NOTE = {"title": "青瓷杯", "text": "缺点：杯口薄。", "skus": ["mug-jade-350"], "pictures": 1}
FROM_A_NOTE = Script(
    title="from a note to an order",
    seconds=5.0,
    manner=Manner(chat=0, shop=0, roam=0, arrive_s=0.2),
    before=(
        step(0, "host", "note.write", name="mug", **NOTE),
        step(0, "crowd", "note.open", note="mug"),
        step(0, "crowd", "note.like", note="mug", people=3),
        step(0, "crowd", "note.collect", note="mug", people=2),
        step(0, "crowd", "note.ask", note="mug", text="求链接", people=2),
    ),
    steps=(
        step(0.5, "host", "live.start"),
        step(1.0, "host", "sale.open", **SALE),
        step(1.0, "crowd", "buy", sale="mugs", pay=1.0, people=3),
        step(3.0, "host", "live.end"),
        step(3.5, "host", "note.draft"),
    ),
)
CHECKED = {"notes_counted", "note_asks_answered", "sources_kept", "drafts_hidden"}


async def play(settings: Settings) -> Crowd:
    async with running(settings, "w1") as worker:
        crowd = Crowd(plan(worker.url, viewers=5, script=FROM_A_NOTE, seconds=5.0))
        await crowd.play_evening()
    return crowd


async def test_a_server_that_loses_and_doubles_what_is_done_with_notes_fails_the_checks_for_it(
    played: Played, server_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, asks = talk.count_comment, Talk.asks

    async def doubled(connection: AsyncConnection, note: str, step: int, asked: str) -> None:
        await count(connection, note, 2 * step, asked)

    async def told_twice(self: Talk, author: str, cursor: str, limit: int) -> NoteAsksPage:
        page = await asks(self, author, cursor, limit)
        return replace(page, asks=[*page.asks, *page.asks])

    def everybody(row: Any, who: Identity) -> bool:
        return True

    buy = HOUSE.library.scripts["orders.buy"]
    sourceless = buy.text.replace("source = buyer.source", "source = nil")
    assert sourceless != buy.text
    broken = {"orders.buy": buy._replace(text=sourceless, sha=sha_of(sourceless))}
    monkeypatch.setattr(HOUSE.library, "scripts", HOUSE.library.scripts | broken)
    monkeypatch.setattr(marks, "_COUNTS", {"like": NOTES.c.collects, "collect": NOTES.c.likes})
    monkeypatch.setattr(talk, "count_comment", doubled)
    monkeypatch.setattr(Talk, "asks", told_twice)
    monkeypatch.setattr(note_book, "may_see", everybody)

    findings = (await play(server_settings)).findings

    assert {name for name in CHECKED if findings.failed[name]} == CHECKED, findings.sentences
