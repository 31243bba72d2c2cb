"""A new room begins with the rundown of the room whose shelf it takes over."""

from collections.abc import Mapping
from typing import Any

import msgspec

from server.features.rundown.messages import RundownItem
from server.features.rundown.planning import moved_by
from server.features.rundown.rundown import Rundowns
from server.protocol.room import RoomCreate


class CarryingOver:
    """Reads what was planned in `shelf_from`; the shelf has refused a room of somebody else."""

    def __init__(self, rundowns: Rundowns) -> None:
        self._rundowns = rundowns

    def must_be_free(self, room_id: str) -> None:
        """Accept any id."""

    async def begin(
        self,
        host: str,  # noqa: ARG002  (founders are given it)
        room_id: str,  # noqa: ARG002
        wish: RoomCreate | None,
    ) -> Mapping[str, Any]:
        """The items that the room begins with, none of them done. Fixed times keep their distance
        from the start, as far as both starts are known."""
        if wish is None or wish.shelf_from is None:
            return {}
        items, start = await self._rundowns.items_of(wish.shelf_from)
        shift = wish.scheduled - start if wish.scheduled and start else None
        return {"rundown": [_stored(each) for each in moved_by(items, shift)]}

    async def finish(self, host: str, room_id: str) -> None:
        """Do nothing: the script that created the room wrote them."""


def _stored(item: RundownItem) -> dict[str, Any]:
    return {
        "item": item.item,
        "kind": item.kind,
        "title": item.title,
        "does": msgspec.json.encode(item.does).decode() if item.does else "",
        "at": item.at,
        "lasts_s": item.lasts_s,
    }
