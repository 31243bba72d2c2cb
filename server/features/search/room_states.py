"""What is true of rooms just now; the records know it a moment later."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

from server.features.search.projection import is_shown
from server.store.reading import reading
from server.store.room_store import RoomStore

_FIELDS = (
    "title", "phase", "scheduled", "started", "ended", "kind", "practice", "draft", "cancelled",
)  # fmt: skip


class RoomState(NamedTuple):
    """A room as it is. Times in Unix ms, 0 = not yet. `shown`: everybody may find it."""

    title: str
    phase: str
    scheduled: int
    started: int
    ended: int
    shown: bool

    @classmethod
    def recorded(cls, row: Any) -> Self:
        """The room as the records have it."""
        return cls(row.room_title, row.phase, row.scheduled, row.started, row.ended, True)


NO_ROOM = RoomState("", "", 0, 0, 0, True)
"""Of what is found and in no room."""


async def states_of(store: RoomStore, rows: Iterable[Any]) -> dict[str, RoomState]:
    """Return the rooms of documents by id; from the records if Redis has no such room.

    Raises CommandError `unavailable`.
    """
    recorded = {row.room: RoomState.recorded(row) for row in rows}
    pipeline = store.redis.pipeline(transaction=False)
    for room in recorded:
        pipeline.hmget(store.keys.room(room, "room"), _FIELDS)
    with reading():
        answers = await pipeline.execute() if recorded else []
    return {
        room: _state(dict(zip(_FIELDS, answer, strict=True)), recorded[room])
        for room, answer in zip(recorded, answers, strict=True)
    }


def _state(answer: Mapping[str, bytes | None], recorded: RoomState) -> RoomState:
    if answer["phase"] is None:
        return recorded
    texts = {name: (value or b"").decode(errors="replace") for name, value in answer.items()}

    def is_set(name: str) -> bool:
        return texts[name] not in ("", "0")

    return RoomState(
        texts["title"],
        texts["phase"],
        int(texts["scheduled"] or 0),
        int(texts["started"] or 0),
        int(texts["ended"] or 0),
        is_shown(
            texts["kind"],
            practice=is_set("practice"),
            draft=is_set("draft"),
            cancelled=is_set("cancelled"),
        ),
    )
