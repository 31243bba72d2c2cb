"""The data of a host that outlives their rooms: followers, list of rooms, public page."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, cast

from msgspec import UNSET, Struct, UnsetType, msgpack, structs

from server.features.circles.group_ids import group_id
from server.features.circles.settings import CommunitySettings
from server.protocol.codes import CommandError
from server.protocol.room import Phase
from server.rooms.left_out import LeftOut
from server.settings import Settings
from server.store.reading import asked, reading
from server.store.room_store import RoomStore

Admits = Literal["all", "followers", "buyers"]

ROOMS_SHOWN_MAX = 100
_FIELDS = (
    "host", "title", "phase", "cover", "cancelled", "draft", "practice",
    "scheduled", "started", "ended", "online", "reserved",
)  # fmt: skip


class Group(Struct, frozen=True):
    """A host's fan group: whom it admits, and how many members it has."""

    id: str
    title: str
    admits: Admits
    members: int


class RoomSummary(Struct, frozen=True):
    """A room in a list. Times in Unix ms, 0 = not known or not yet."""

    room: str
    title: str
    scheduled: int
    started: int
    ended: int
    online: int
    reserved: int
    cover: str = ""
    cancelled: bool = False


class HiddenRoom(Struct, frozen=True):
    """A room of the host that is in no public list. `scheduled` in Unix ms, 0 = not known."""

    room: str
    title: str
    phase: Phase
    scheduled: int
    draft: bool
    practice: bool
    cover: str = ""


class HostRooms(Struct, frozen=True):
    """A host's newest rooms by phase, each list the newest first."""

    live: list[RoomSummary]
    scheduled: list[RoomSummary]
    ended: list[RoomSummary]


class HostView(Struct, frozen=True):
    """The public page of a host."""

    host: str
    name: str
    followers: int
    group: Group | None
    rooms: HostRooms
    hidden: list[HiddenRoom] | UnsetType = UNSET
    """Drafts and practice, for the host and admins alone."""


class FollowOutcome(Struct):
    """The outcome of one follow or unfollow: whether it changed something, and since when."""

    changed: bool = False
    at: int = 0
    err: str = ""
    msg: str = ""


class Followed(Struct):
    """The outcomes of a batch, and the total of followers. A greater `as_of` is newer."""

    outcomes: list[FollowOutcome]
    total: int
    as_of: str


_FOLLOWED = msgpack.Decoder(Followed)


class Hosts:
    """Reads and changes the data kept by host. `rooms_of(host, most)` lists a host's rooms."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        rooms_of: Callable[[str, int], Awaitable[list[str]]],
    ) -> None:
        self._store = store
        self._rooms_of = rooms_of
        self._limits = settings.section(CommunitySettings)
        self._left_out = LeftOut("its host's page")

    async def follow(self, host: str, room_id: str, follows: Sequence[dict[str, Any]]) -> Followed:
        """Store follows `{user, on}` made in `room_id`; an empty list only reads the total."""
        args = {
            "follows": follows,
            "from": room_id,
            "fans_max": self._limits.fans_max,
            "log_max": self._limits.host_log_len_max,
        }
        return await self._store.run_script("circles.follow_host", host, args, _FOLLOWED)

    async def group_of(self, host: str) -> Group | None:
        """The host's fan group, if there is one."""
        keys, id_ = self._store.keys, group_id(host)
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hmget(keys.room(id_, "room"), "title", "admits")
        pipeline.hlen(keys.room(id_, "members"))
        (title, admits), members = await asked(pipeline.execute())
        return None if title is None else Group(id_, title.decode(), admits.decode(), members)

    async def _group_shown(self, host: str) -> Group | None:
        """The fan group on the host's page; none while it can't be read, such as on a shard that is
        down."""
        try:
            return await self.group_of(host)
        except Exception as error:
            self._left_out.say(group_id(host), error)
            return None

    async def view(self, host: str, *, with_hidden: bool = False) -> HostView:
        """The host's page, for themselves `with_hidden` rooms. CommandError `not_found` if nobody
        of this id ever hosted."""
        group = await self._group_shown(host)
        ids = await self._rooms_of(host, ROOMS_SHOWN_MAX)
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hlen(keys.host(host, "followers"))
        pipeline.hget(keys.room(group_id(host), "room"), "host_name")
        for room_id in ids:
            pipeline.hmget(keys.room(room_id, "room"), "host_name", *_FIELDS)
        followers, name, *found = await asked(pipeline.execute(raise_on_error=False))
        if isinstance(followers, Exception):
            with reading():
                raise followers
        if isinstance(name, Exception):
            self._left_out.say(group_id(host), name)
            name = None
        rooms: dict[str, list[RoomSummary]] = {"live": [], "scheduled": [], "ended": []}
        hidden: list[HiddenRoom] = []
        for room_id, fields in zip(ids, found, strict=True):
            try:
                if isinstance(fields, Exception):
                    raise fields
                room_name, owner, *rest = fields
                if owner is None or owner.decode() != host:
                    continue
                shown = _shown(room_id, *rest)
                if isinstance(shown, HiddenRoom):
                    hidden.append(shown)
                    name = name or (room_name if with_hidden else None)
                else:
                    phase, summary = shown
                    rooms[phase].append(summary)
                    name = name or room_name
            except Exception as error:  # its shard is down, or its data are damaged
                self._left_out.say(room_id, error)
        if name is None:
            raise CommandError("not_found", f"There is no host `{host}`; check the id.")
        view = HostView(host, name.decode(), followers, group, HostRooms(**rooms))
        return structs.replace(view, hidden=hidden) if with_hidden else view


def _shown(room_id: str, *fields: bytes | None) -> HiddenRoom | tuple[str, RoomSummary]:
    """A room on its host's page, as stored: with its phase if everybody may see it."""
    texts = dict(zip(_FIELDS[1:], [(field or b"").decode() for field in fields], strict=True))
    numbers = {name: int(texts[name] or 0) for name in _FIELDS[4:]}
    if numbers["draft"] or numbers["practice"]:
        return HiddenRoom(
            room=room_id,
            title=texts["title"],
            phase=cast("Phase", texts["phase"]),
            scheduled=numbers["scheduled"],
            draft=bool(numbers["draft"]),
            practice=bool(numbers["practice"]),
            cover=texts["cover"],
        )
    return texts["phase"], RoomSummary(
        room=room_id,
        title=texts["title"],
        scheduled=numbers["scheduled"],
        started=numbers["started"],
        ended=numbers["ended"],
        online=numbers["online"],
        reserved=numbers["reserved"],
        cover=texts["cover"],
        cancelled=bool(numbers["cancelled"]),
    )
