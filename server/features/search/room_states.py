"""Reads what is true of rooms just now; the records know it a moment later."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Self

from server.features.search.projection import is_shown
from server.rooms.left_out import LeftOut
from server.store.reading import reading
from server.store.room_store import RoomStore

_FIELDS = (
    "title", "host", "host_name", "phase", "scheduled", "started", "ended", "online", "cover",
    "kind", "practice", "draft", "cancelled",
)  # fmt: skip
_left_out = LeftOut("a page of search, feed or topic")


class RoomState(NamedTuple):
    """A room as it is. Times in Unix ms, 0 = not yet. `shown`: everybody may find it."""

    title: str = ""
    phase: str = ""
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    shown: bool = True
    host: str = ""
    host_name: str = ""
    online: int = 0
    cover: str = ""

    @classmethod
    def recorded(cls, row: Any) -> Self:
        """The room of a document as the records have it, without what only Redis knows."""
        return cls(row.room_title, row.phase, row.scheduled, row.started, row.ended)


NO_ROOM = RoomState()
"""Of what is found and in no room."""
_AWAY = RoomState(shown=False)


async def read_states(
    store: RoomStore, rooms: Iterable[str], *, all_of_them: bool = False
) -> dict[str, RoomState | None]:
    """Return rooms as Redis has them, by id; None for one that it does not have.

    A room that can't be read, since its shard is away or its data are damaged, is left out and
    logged; `all_of_them` has its error raised instead. Raises CommandError `unavailable`.
    """
    wanted = list(dict.fromkeys(rooms))
    if not wanted:
        return {}
    pipeline = store.redis.pipeline(transaction=False)
    for room in wanted:
        pipeline.hmget(store.keys.room(room, "room"), _FIELDS)
    with reading():
        answers = await pipeline.execute(raise_on_error=all_of_them)
    found: dict[str, RoomState | None] = {}
    for room, answer in zip(wanted, answers, strict=True):
        try:
            found[room] = _state(answer)
        except Exception as fault:
            if all_of_them:
                raise
            _left_out.say(room, fault)
    return found


async def states_of(store: RoomStore, rows: Iterable[Any]) -> dict[str, RoomState]:
    """Return the rooms of documents by id; from the records if Redis has no such room. One that
    can't be read is not shown. Raises CommandError `unavailable`."""
    recorded = {row.room: RoomState.recorded(row) for row in rows}
    found = await read_states(store, recorded)
    return {room: found.get(room, _AWAY) or recorded[room] for room in recorded}


def _state(answer: Sequence[bytes | None] | Exception) -> RoomState | None:
    """A room of what Redis answered. Raises what it answered, and ValueError for damaged data."""
    if isinstance(answer, Exception):
        raise answer
    texts = dict(
        zip(_FIELDS, ((each or b"").decode(errors="replace") for each in answer), strict=True)
    )
    if not texts["phase"]:
        return None

    def is_set(name: str) -> bool:
        return texts[name] not in ("", "0")

    def number(name: str) -> int:
        return int(texts[name] or 0)

    return RoomState(
        title=texts["title"],
        phase=texts["phase"],
        scheduled=number("scheduled"),
        started=number("started"),
        ended=number("ended"),
        shown=is_shown(
            texts["kind"],
            practice=is_set("practice"),
            draft=is_set("draft"),
            cancelled=is_set("cancelled"),
        ),
        host=texts["host"],
        host_name=texts["host_name"] or texts["host"],
        online=number("online"),
        cover=texts["cover"],
    )
