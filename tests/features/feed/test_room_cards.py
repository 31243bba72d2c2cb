"""Rooms in a page: one that is over is None, one that can't be read now is not there."""

from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from server.features.feed.room_cards import RoomCards
from server.features.search.room_states import _FIELDS, RoomState, read_states, states_of
from server.protocol.codes import CommandError


class Shards:
    """Answers for rooms: their phases, or what went wrong."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers
        self._asked: list[str] = []

    def pipeline(self, **_: Any) -> "Shards":
        return self

    def hmget(self, room: str, _: Any) -> None:
        self._asked.append(room)

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        asked, self._asked = self._asked, []
        answers = [self._answers[room] for room in asked]
        faults = [answer for answer in answers if isinstance(answer, Exception)]
        if faults and raise_on_error:
            raise faults[0]
        return answers


def fields(phase: str, **others: bytes) -> list[bytes | None]:
    """The fields of a room in Redis."""
    given = {"phase": phase.encode(), **others}
    return [given.get(name) for name in _FIELDS]


@pytest.fixture
def answers() -> dict[str, Any]:
    """What Redis answers for each room."""
    return {
        "on": fields("live"), "over": fields("ended"), "gone": fields(""),
        "away": RedisConnectionError("away"), "damaged": fields("live", started=b"noon"),
    }  # fmt: skip


@pytest.fixture
def store(answers: dict[str, Any]) -> Any:
    """A store of these rooms."""
    return SimpleNamespace(redis=Shards(answers), keys=SimpleNamespace(room=lambda room, _: room))


async def test_a_room_that_cannot_be_read_is_not_taken_for_one_that_is_over(
    store: Any, answers: dict[str, Any]
) -> None:
    cards = RoomCards(store)
    found = await cards.read(answers)
    assert {room: card is not None for room, card in found.items()} == {
        "on": True, "over": False, "gone": False,
    }  # fmt: skip
    answers["away"] = fields("live")
    again = await cards.read(["away"])
    assert again["away"] is not None


async def test_a_search_goes_on_without_rooms_that_cannot_be_read(
    store: Any, answers: dict[str, Any]
) -> None:
    rows = [
        SimpleNamespace(
            room=room, room_title="Evening", phase="ended", scheduled=0, started=1, ended=2
        )
        for room in answers
    ]
    found = await states_of(store, rows)
    assert {room for room, state in found.items() if state.shown} == {"on", "over", "gone"}
    assert found["gone"] == RoomState("Evening", "ended", 0, 1, 2)


@pytest.mark.parametrize("room", ["away", "damaged"])
async def test_who_needs_all_of_them_is_told_why_one_is_missing(store: Any, room: str) -> None:
    with pytest.raises((CommandError, ValueError)):
        await read_states(store, ["on", room], all_of_them=True)
