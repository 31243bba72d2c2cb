"""The log of who moderated what: from scripts, transactions and archived facts, each act once."""

import pytest
from msgspec import msgpack

from server.features.actions.moderation_log import (
    Logging,
    ModerationLog,
    Wanted,
    delete_actions,
    forget_actions,
    note_action,
)
from server.features.actions.projection import ModerationProjection
from server.house import HOUSE, keys_under, store_on
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.forgotten import note_forgotten, pseudonym_of
from server.records.projection import Entry, RoomHead
from server.settings import Settings
from server.store.action_log import Action
from server.store.bans import Ban, Bans
from server.store.client import connect
from server.store.room_store import RoomStore

ALL = Wanted()
LIFE = RoomHead(7, "r1", 1, "h1", "stream", "Tea", "live", 0, 1, 0, False)


@pytest.fixture
async def store(records_settings: Settings) -> RoomStore:
    redis = connect(records_settings.redis.url, records_settings.redis)
    return store_on(redis, keys_under(records_settings.redis.key_prefix))


def fact(n: int, **fields: object) -> Entry:
    return Entry(1000 + n, 0, msgpack.encode({"at": 1000 + n, "by": "mo"} | fields))


async def told(records: Database, wanted: Wanted = ALL) -> list[tuple[str, str, str]]:
    page = await ModerationLog(records).page(wanted, "", 100)
    return [(each.by, each.what, each.user) for each in page.actions]


@pytest.mark.blocking_allowed
async def test_each_act_is_logged_once_whatever_happens_meanwhile(
    records: Database, store: RoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    bans, logging = Bans(store), Logging(store, records)
    key = store.keys.shared("action_log")
    await bans.put(Ban(user="ann", reason="spam", by="root", at=2000))
    await store.redis.xadd(key, {"e": "no action"})
    await bans.lift("ann", "", "eve")
    await bans.lift("nobody", "", "eve")  # there was nothing to lift

    with monkeypatch.context() as away:
        away.setattr(records, "writing", lambda: (_ for _ in ()).throw(RecordsAway("away")))
        with pytest.raises(RecordsAway):
            await logging.copy()
    kept = await store.redis.xrange(key)
    await logging.copy()
    assert await store.redis.xlen(key) == 0
    for place, fields in kept:  # as if it had stopped before it dropped them
        await store.redis.xadd(f"{key}2", fields, id=place)
    await store.redis.rename(f"{key}2", key)
    await logging.copy()

    assert sorted(await told(records)) == [("eve", "unban", "ann"), ("root", "ban", "ann")]
    await store.redis.aclose()


async def test_acts_of_rooms_are_folded_and_leave_with_them(records: Database) -> None:
    projection = ModerationProjection(HOUSE.facts.moderating)
    entries = [
        fact(1, k="mute", user="ann", seconds=60, shadow=False),
        fact(2, k="pin", sku="mug"),
        fact(3, k="remove", id="c1", user="ben"),
        Entry(1004, 0, b"\xc1"),
    ]
    async with records.writing() as connection:
        for _ in range(2):
            await projection.add(connection, LIFE, "actions", entries)
    assert await told(records) == [("mo", "remove", "ben"), ("mo", "mute", "ann")]
    for wanted, count in (
        (Wanted(by="mo"), 2), (Wanted(by="eve"), 0), (Wanted(what="mute"), 1),
        (Wanted(user="ben"), 1), (Wanted(room="r2"), 0), (Wanted(since=1002), 1),
        (Wanted(until=1002), 1),
    ):  # fmt: skip
        assert len(await told(records, wanted)) == count, wanted
    page = await ModerationLog(records).page(Wanted(what="mute"), "", 1)
    assert (page.actions[0].details, page.next) == ({"seconds": 60, "shadow": False}, None)
    async with records.writing() as connection:
        await projection.clear(connection, LIFE.life)
    assert await told(records) == []


async def test_who_is_forgotten_stands_there_under_the_pseudonym(
    records: Database, store: RoomStore
) -> None:
    bans, logging = Bans(store), Logging(store, records)
    for user, room in (("ann", "r1"), ("ben", "")):
        await bans.put(Ban(user=user, room=room, reason="spam", by="ann", at=2000))
    await logging.copy()
    await bans.put(Ban(user="ann", room="r2", reason="spam", by="root", at=2000))
    said = Action(2000, "ben", "remove_note_comment", "", "ann", "c1", {"note": "n", "text": "Hi"})
    async with records.writing() as connection:
        await note_action(connection, said)
        await pseudonym_of(connection, "ann", "gone-1", 3000)
        await note_forgotten(connection, "ann", 3000)
        await forget_actions(connection, "ann")
    await logging.copy()  # what was on its way
    who = {(by, user) for by, _, user in await told(records)}
    assert who == {
        ("gone-1", "gone-1"), ("gone-1", "ben"), ("root", "gone-1"), ("ben", "gone-1"),
    }  # fmt: skip
    page = await ModerationLog(records).page(Wanted(what="remove_note_comment"), "", 100)
    assert [each.details for each in page.actions] == [{"note": "n"}]
    async with records.writing() as connection:
        await delete_actions(connection, "r1")
    assert len(await told(records)) == 3
    await store.redis.aclose()
