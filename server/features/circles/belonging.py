"""Look up the audience of coupons and draws: a host's followers, and the fan group's members.

Followers are stored with the host and members with the group's room. On a Cluster these may be on
another node than the room, so a room's script can't read them. They are read before the script
runs, for a whole batch at once.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Literal

from msgspec import Struct, msgpack

from server.features.circles.group_ids import group_id
from server.protocol.fields import Who
from server.store.reading import reading
from server.store.room_store import RoomStore

Circle = Literal["followers", "group"]
CIRCLES: tuple[Circle, ...] = ("followers", "group")


class _Thing(Struct):
    """The fields of a coupon or lucky draw that are needed here."""

    audience: Who


_HASHES = {"coupon": "coupons", "lucky": "luckies"}
_THING = msgpack.Decoder(_Thing)


class Belonging:
    """Answers for the rooms whose hosts `host_of(room_id)` names."""

    def __init__(self, store: RoomStore, host_of: Callable[[str], Awaitable[str]]) -> None:
        self._store = store
        self._host_of = host_of

    async def users_in(self, room_id: str, circle: Circle, users: Collection[str]) -> set[str]:
        """The members of the circle among `users`, as of now. Raises CommandError."""
        if not users:
            return set()
        host, asked = await self._host_of(room_id), list(users)
        if circle == "followers":
            key = self._store.keys.host(host, "followers")
        else:
            key = self._store.keys.room(group_id(host), "members")
        with reading():
            found = await self._store.redis.hmget(key, asked)
        return {user for user, value in zip(asked, found, strict=True) if value is not None}

    async def mark(
        self, room_id: str, name: Literal["coupon", "lucky"], wishes: Sequence[dict[str, Any]]
    ) -> None:
        """Set `belongs` in each wish for a coupon or draw that is limited to a circle.

        `name` is the wish's field with the id of the coupon or draw. The script refuses ids that
        do not exist.
        """
        ids = sorted({wish[name] for wish in wishes} - {"newest"})  # older servers' field, no draw
        if not ids:
            return
        with reading():
            key = self._store.keys.room(room_id, _HASHES[name])
            found = await self._store.redis.hmget(key, ids)
        audiences = {
            id_: _THING.decode(raw).audience for id_, raw in zip(ids, found, strict=True) if raw
        }
        for circle in CIRCLES:
            asking = [wish for wish in wishes if audiences.get(wish[name]) == circle]
            belong = await self.users_in(room_id, circle, {wish["user"] for wish in asking})
            for wish in asking:
                wish["belongs"] = wish["user"] in belong
