"""Features store only what their keys declare: each value means one thing, by a field's name.

After each feature's story every key under the prefix is compared with its declaration. A number
with a second meaning in its sign, fraction or size, or a row that is none, fails by the key's name.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from redis.asyncio import Redis

from server.background.troubles import Troubles
from server.house import HOUSE, keys_under, store_on
from server.rooms.awake_rooms import REST
from server.rooms.every_room import EveryRoom
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.features.owners import TALKING
from tests.features.test_every_feature import told
from tests.rooms.rig import ROOM
from tests.stored import stored_hash

MS = range(10**12, 10**13)
"""Times between 2001 and 2286."""

Holds = Callable[[bytes], bool]


def is_int(value: bytes) -> bool:
    """Whether it is a whole number."""
    return re.fullmatch(rb"-?\d+", value) is not None


def is_ms(value: bytes) -> bool:
    """Whether it is a time in ms."""
    return is_int(value) and int(value) in MS


def is_packed(value: bytes) -> bool:
    """Whether it is one packed map."""
    try:
        return isinstance(msgspec.msgpack.decode(value), dict)
    except msgspec.DecodeError:
        return False


def is_json(value: bytes) -> bool:
    """Whether it is JSON."""
    return isinstance(json.loads(value), dict)


def is_text(value: bytes) -> bool:
    """Whether it is text, and no number."""
    return not is_packed(value) and re.fullmatch(rb"-?[\d.]+", value) is None


KINDS: dict[str, Holds] = {
    "ms": is_ms,
    "the same ms": is_ms,
    "how many": is_int,
    "integer": is_int,
    "option": is_int,
    "live units": is_int,
    "place": is_int,
    "packed": is_packed,
    "figures of an ended room as JSON": is_json,
}
"""How the meaning of a value begins in a declaration; everything else is text."""


OWNERS = {"room": HOUSE.room_keys, "host": HOUSE.host_keys, "all": HOUSE.shared_keys}
"""Whose keys they are -> their meaning by name."""


class Row(NamedTuple):
    """The rows of a hash: how the fields look, and what the values are."""

    fields: re.Pattern[str]
    value: Holds


def rows_of(meaning: str) -> list[Row]:
    """What a declaration `hash FIELD -> VALUE; FIELD -> VALUE` allows."""
    rows = []
    for part in meaning.removeprefix("hash ").split("; "):
        older = re.fullmatch(r"and `(\w+)`, for older servers only", part)
        if older:
            rows.append(Row(re.compile(older[1]), bool))
            continue
        field, _, value = part.partition(" -> ")
        assert value or "<" in field, f"`{part}` says of no field what it holds"
        kind = next((kind for begin, kind in KINDS.items() if value.startswith(begin)), is_text)
        rows += [Row(_fields(name), kind) for name in field.split(", ")]
    return rows


def _fields(name: str) -> re.Pattern[str]:
    """`<a>/<b>` as a pattern; a name without brackets stands for any field."""
    if "<" not in name:
        return re.compile(r".*")
    *front, end = map(re.escape, re.split(r"<[^>]*>", name))
    last = "[^/:]+" if end else ".+"  # what stands last may have any character, as a user's id
    return re.compile("[^/:]+".join(front) + last + end)


def faults_of_hash(meaning: str, rows: dict[bytes, bytes]) -> Iterator[str]:
    """The rows that no part of the declaration allows."""
    if not meaning.startswith("hash "):
        return  # `hash: ...` is one record, whose fields have names
    allowed = rows_of(meaning)
    for field, value in rows.items():
        if not any(row.fields.fullmatch(field.decode()) and row.value(value) for row in allowed):
            yield f"{field!r} -> {value!r}"


def faults_of_zset(meaning: str, scores: list[tuple[bytes, float]]) -> Iterator[str]:
    """The members whose score is not what the declaration says."""
    for member, score in scores:
        is_time = " ms" in meaning
        below_zero = (
            score < 0 and "place" not in meaning
        )  # a place is no time: live rooms come first
        if not score.is_integer() or below_zero or (is_time and int(score) not in MS):
            yield f"{member!r} by {score}"


async def faults_in(redis: Redis, prefix: str) -> list[str]:
    """Everything under the prefix that is not as it is declared."""
    whole = {
        "rooms": "zset: rooms by the ms they were created",
        "lineup": "zset: rooms by their place, live ones first",
        "groups": "zset: groups by the ms they were created",
        "workers": "hash worker -> packed figures",
    }
    faults = []
    async for raw in redis.scan_iter(f"{prefix}:*"):
        key = raw.decode().removeprefix(f"{prefix}:")
        owner, owned, name = key.rpartition("}:")
        declared = OWNERS[owner.partition(":")[0].strip("{")] if owned else whole
        meaning = declared.get(name)
        if meaning is None:
            faults.append(f"{key}: no declaration")
        elif meaning.startswith("hash"):
            rows = stored_hash(await redis.hgetall(raw))
            faults += [f"{key} ({meaning}): {each}" for each in faults_of_hash(meaning, rows)]
        elif meaning.startswith("zset"):
            scores: Any = await redis.zrange(raw, 0, -1, withscores=True)
            faults += [f"{key} ({meaning}): {each}" for each in faults_of_zset(meaning, scores)]
    return faults


async def faults_of_sleep(store: RoomStore) -> list[str]:
    """Rooms that sleep over pending work, or are awake and not in the index."""
    faults = []
    async for page in EveryRoom(store, Troubles("a test")).pages():
        for room_id in page:
            rest = await store.run_script("room_rest", room_id, {"tells": True}, REST)
            if rest.pending and rest.asleep:
                faults.append(f"{room_id} sleeps over pending work")
            if not rest.asleep and await store.redis.zscore(store.keys.awake, room_id) is None:
                faults.append(f"{room_id} is awake, but not in the index")
    return faults


@pytest.mark.parametrize("feature", TALKING)
async def test_a_story_stores_the_keys_that_are_declared(
    make_settings: MakeSettings, redis: Redis, feature: str
) -> None:
    story = await told(make_settings, feature, deaf=False)
    assert await redis.exists(keys_under(story.prefix).room(ROOM, "room")), "it is there no more"

    faults = await faults_in(redis, story.prefix)
    store = await asyncio.to_thread(store_on, redis, keys_under(story.prefix))
    sleeping = await faults_of_sleep(store)

    assert not sleeping, f"The feature {feature} leaves work that nobody does: {sleeping}."
    assert not faults, f"The feature {feature} stores what no key declares: {'; '.join(faults)}."


@pytest.mark.parametrize(
    ("meaning", "rows"),
    [
        ("hash user -> ms until they are muted", {b"ann": b"1764000000000.5"}),
        ("hash user -> ms until they are muted", {b"ann": b"-1764000000000"}),
        ("hash poll -> packed Poll", {b"newest": b"p1"}),
        ("hash <sale>/<user> -> packed wish", {b"n": b"1"}),
        ("hash user -> something else", {b"ann": b"1.5"}),
    ],
)
def test_a_value_with_a_second_meaning_is_found(meaning: str, rows: dict[bytes, bytes]) -> None:
    assert list(faults_of_hash(meaning, rows))


@pytest.mark.parametrize("score", [-1764000000000.0, 1764000000000.5, 1764000000000003.0])
def test_a_score_with_a_second_meaning_is_found(score: float) -> None:
    assert list(faults_of_zset("zset: user by the ms", [(b"ann", score)]))
