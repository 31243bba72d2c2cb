"""Room cards: what a row shows of rooms that are live, as they are now."""

import time
from collections.abc import Iterable

from cachetools import TTLCache

from server.features.search.room_states import RoomState, read_states
from server.store.room_store import RoomStore

KEPT_S = 2.0
"""How long what a room shows is kept; it is read once for all who come meanwhile."""
CARDS_MAX = 20_000


class _None:
    """Stands for a card that is not kept."""


_NONE = _None()


class RoomCards:
    """Reads the states of rooms, each at most once in `KEPT_S`."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self._kept: TTLCache[str, RoomState | None] = TTLCache(CARDS_MAX, KEPT_S, time.monotonic)

    async def read(self, rooms: Iterable[str]) -> dict[str, RoomState | None]:
        """Return the rooms by id; None for one that is not live, or not for everybody. One that
        can't be read is left out, as in the list. Raises CommandError `unavailable`."""
        wanted = list(dict.fromkeys(rooms))
        # Asked once for each: between two looks its time may be over.
        kept = {room: self._kept.get(room, _NONE) for room in wanted}
        found = {room: card for room, card in kept.items() if not isinstance(card, _None)}
        read = await read_states(self._store, (room for room in wanted if room not in found))
        for room, state in read.items():
            is_on = state is not None and state.shown and state.phase == "live"
            found[room] = self._kept[room] = state if is_on else None
        return found
