"""Cards of rooms: one that is over is None, one that can't be read now is not there."""

from types import SimpleNamespace
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from server.features.feed.room_cards import _FIELDS, RoomCards


class Shards:
    """Answers for rooms: their phases, or what went wrong."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers
        self._asked: list[str] = []

    def pipeline(self, **_: Any) -> "Shards":
        return self

    def hmget(self, room: str, _: Any) -> None:
        self._asked.append(room)

    async def execute(self, **_: Any) -> list[Any]:
        asked, self._asked = self._asked, []
        return [self._answers[room] for room in asked]


def fields(phase: str) -> list[bytes | None]:
    return [phase.encode() if name == "phase" else None for name in _FIELDS]


async def test_a_room_whose_shard_is_away_is_not_taken_for_one_that_is_over() -> None:
    answers: dict[str, Any] = {
        "on": fields("live"), "over": fields("ended"), "away": RedisConnectionError("away"),
    }  # fmt: skip
    keys = SimpleNamespace(room=lambda room, _: room)
    store: Any = SimpleNamespace(redis=Shards(answers), keys=keys)
    cards = RoomCards(store)
    found = await cards.read(answers)
    assert {room: card is not None for room, card in found.items()} == {"on": True, "over": False}
    answers["away"] = fields("live")
    again = await cards.read(["away"])
    assert again["away"] is not None
