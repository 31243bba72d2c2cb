"""The character 0 in texts, which PostgreSQL can't keep: nothing fails or stops because of it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert, select

from server.features.notes.tables import NOTE_MARKS, NOTES
from server.protocol.roles import Role
from server.records.arrays import is_among, put_rows
from server.records.database import Database
from server.records.nul import without_nul
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, ROOT, open_room
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

NUL = "a\0b"


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


def test_only_texts_with_it_are_changed() -> None:
    values = ("plain", 1, b"\0", None)
    assert without_nul(values) is values
    assert without_nul((NUL, 1, b"\0", None)) == ("a\ufffdb", 1, b"\0", None)
    assert without_nul(([1, NUL], ["plain"])) == ([1, "a\ufffdb"], ["plain"])


async def test_what_redis_has_is_kept_whatever_its_texts_are(records: Database) -> None:
    """As the archive writes: one row, many at once, and many in arrays."""
    marks = [{"user": f"{n}{NUL}", "kind": "like", "note": NUL, "at": n} for n in range(4)]
    async with records.writing() as connection:
        await connection.execute(insert(NOTE_MARKS).values(marks[0]))
        await connection.execute(insert(NOTE_MARKS), marks[1:3])
        await put_rows(connection, insert(NOTE_MARKS), marks[3:])
    async with records.reading() as connection:
        found = select(NOTE_MARKS.c.at).where(NOTE_MARKS.c.note == NUL).order_by(NOTE_MARKS.c.at)
        assert list(await connection.scalars(found)) == [0, 1, 2, 3]
        among = select(NOTE_MARKS.c.at).where(is_among(connection, NOTE_MARKS.c.user, [f"3{NUL}"]))
        assert list(await connection.scalars(among)) == [3]
        assert (await connection.execute(select(NOTES).where(NOTES.c.note == NUL))).first() is None


async def test_an_id_with_it_is_refused_with_a_sentence(api: Api) -> None:
    await open_room(api, "r1")
    thing = {"kind": "note", "id": NUL}
    slot: dict[str, Any] = {"thing": thing, "ends": 4_000_000_000_000}
    for path, body in (
        ("/v1/topics/winter", {"title": "Winter", "things": [thing]}),
        ("/v1/topics/winter", {"title": "Winter", "things": [thing | {"kind": "room"}]}),
        ("/v1/featured/s1", slot),
        ("/v1/featured/s1", slot | {"topic": NUL}),
    ):
        await api.refused(404, "not_found", "PUT", path, body, **ROOT)
    for about in ("note", "note_comment", "review", "user", "comment", "product"):
        report = {"about": about, "kind": "spam", "id": NUL}
        await api.refused(404, "not_found", "POST", "/v1/rooms/r1/reports", report, **ANN)
    note = {"title": "T", "text": "x", "goods": [{"host": "h1", "sku": NUL}]}
    await api.refused(403, "forbidden", "POST", "/v1/notes", note)


async def test_nobody_came_from_a_source_with_a_control_character(api: Api) -> None:
    await open_room(api, "r1")
    async with talk(api.url, "r1") as viewer:
        token = api.token("ann", Role.VIEWER)
        said = await viewer.join(token, source={"kind": "share", "id": NUL})
        assert (said["t"], said["code"]) == ("err", "bad_message")
