"""Reads each joining user's own earlier actions: their part of the reply to `join`.

One read serves a whole batch of joins. The room's script knows most of it and features know the
rest. All are asked at the same time, because many users join at once and each waits for this.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from server.protocol.joining import Mine
from server.rooms.shape import RoomShape
from server.store.room_store import RoomStore

OwnOf = Callable[[str, Sequence[str]], Awaitable[Sequence[Mapping[str, Any]]]]
"""(room, users) -> for each user, some fields of their part of the reply."""


class OwnPart(NamedTuple):
    """One viewer's part: `mine`, and the fields beside it."""

    mine: Mine
    beside: Mapping[str, Any]


class Own:
    """Reads the parts. `others` are the features that know more than the script `mine_of`."""

    def __init__(self, store: RoomStore, shape: RoomShape, others: Sequence[OwnOf]) -> None:
        self._store = store
        self._shape = shape
        self._others = others

    async def parts_for(self, room_id: str, users: list[str]) -> list[OwnPart]:
        """Return one part per user, in order; a user may occur twice. Raises CommandError."""
        # In one level of tasks: each level more costs a turn of the loop, which in a pass is long.
        answers: list[Any] = await asyncio.gather(
            self._mine(room_id, users), *(other(room_id, users) for other in self._others)
        )
        mine, *more = answers
        return [
            self._put_together(mine[i], [fields[i] for fields in more]) for i in range(len(users))
        ]

    async def _mine(self, room_id: str, users: Sequence[str]) -> list[Mine]:
        """Return what the script knows of each user. One whose rows can't be read joins without
        them."""
        try:
            return await self._store.run_script(
                "mine_of", room_id, {"users": users}, self._shape.mine_decoder
            )
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if len(users) == 1:
                self._store.note_damaged(room_id, f"actions of {users[0]}", str(error))
                return [self._shape.mine()]
        return [mine for user in users for mine in await self._mine(room_id, [user])]

    def _put_together(self, mine: Mine, more: Sequence[Mapping[str, Any]]) -> OwnPart:
        beside = dict(self._shape.nobody)
        changed: dict[str, Any] = {}
        for fields in more:
            for name, value in fields.items():
                (beside if name in beside else changed)[name] = value
        return OwnPart(msgspec.structs.replace(mine, **changed), beside)
