"""Lists every existing room and fan group, for work on all of them that is seldom done."""

from collections.abc import AsyncIterator

from server.background.troubles import Troubles
from server.rooms.room_pages import RoomPages
from server.store.room_store import RoomStore


class EveryRoom:
    """Reads the lists of rooms and fan groups in pages, and reports unreadable entries to
    `troubles`."""

    def __init__(self, store: RoomStore, troubles: Troubles) -> None:
        keys = store.keys
        self._lists = (
            RoomPages(store, keys.rooms, "the list of rooms", troubles),
            RoomPages(store, keys.groups, "the list of fan groups", troubles),
            RoomPages(store, keys.unlisted, "the list of drafts and practice rooms", troubles),
        )

    async def pages(self) -> AsyncIterator[list[str]]:
        """Yield the rooms' ids, a page at a time. Raises RedisError or OSError.

        A room may come twice, as a fan group does that is in both lists.
        """
        for each in self._lists:
            async for page in each.pages():
                yield [room_id for room_id, _ in page]
