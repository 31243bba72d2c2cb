"""Room cards: what a row shows of rooms that are live, as they are now."""

import time
from collections.abc import Iterable
from typing import Any

from cachetools import TTLCache
from msgspec import Struct

from server.features.search.projection import is_shown
from server.store.reading import reading
from server.store.room_store import RoomStore

KEPT_S = 2.0
"""How long what a room shows is kept; it is read once for all who come meanwhile."""
CARDS_MAX = 20_000
_FIELDS = (
    "title", "host", "host_name", "phase", "started", "online", "cover", "kind", "practice",
    "draft", "cancelled",
)  # fmt: skip


class RoomCard(Struct, frozen=True):
    """A room that is live and in the list of rooms."""

    room: str
    title: str
    host: str
    host_name: str
    started: int
    online: int
    cover: str


class _None:
    """Stands for a card that is not kept."""


_NONE = _None()


class RoomCards:
    """Reads cards, each at most once in `KEPT_S`."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._kept: TTLCache[str, RoomCard | None] = TTLCache(CARDS_MAX, KEPT_S, time.monotonic)

    async def read(self, rooms: Iterable[str]) -> dict[str, RoomCard | None]:
        """Return the cards by room; None for one that is not live, or not for everybody. One whose
        shard is away is left out, as in the list. Raises CommandError `unavailable`."""
        wanted = list(dict.fromkeys(rooms))
        # Asked once for each: between two looks its time may be over.
        kept = {room: self._kept.get(room, _NONE) for room in wanted}
        found = {room: card for room, card in kept.items() if not isinstance(card, _None)}
        missing = [room for room in wanted if room not in found]
        if missing:
            pipeline = self._store.redis.pipeline(transaction=False)
            for room in missing:
                pipeline.hmget(self._store.keys.room(room, "room"), _FIELDS)
            with reading():
                answers = await pipeline.execute(raise_on_error=False)
            for room, answer in zip(missing, answers, strict=True):
                if isinstance(answer, Exception):
                    continue
                found[room] = self._kept[room] = _card(room, answer)
        return found


def _card(room: str, answer: Any) -> RoomCard | None:
    """A card of what Redis answered."""
    texts = dict(
        zip(_FIELDS, ((each or b"").decode(errors="replace") for each in answer), strict=True)
    )

    def is_set(name: str) -> bool:
        return texts[name] not in ("", "0")

    if texts["phase"] != "live" or not is_shown(
        texts["kind"],
        practice=is_set("practice"),
        draft=is_set("draft"),
        cancelled=is_set("cancelled"),
    ):
        return None
    return RoomCard(
        room=room,
        title=texts["title"],
        host=texts["host"],
        host_name=texts["host_name"] or texts["host"],
        started=int(texts["started"] or 0),
        online=int(texts["online"] or 0),
        cover=texts["cover"],
    )
