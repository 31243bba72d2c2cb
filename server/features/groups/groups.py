"""Fan groups: a lasting room of a host, with members.

A group is a room of the kind `group` that is live for ever. It differs from other rooms in its
entry rule: only members, the host, moderators and admins may come in.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct, msgpack

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.background.repeating import Errands
from server.features.circles.changes import Changes
from server.features.circles.group_ids import PREFIX, group_id, is_group, must_fit
from server.features.circles.hosts import Admits, Group, Hosts
from server.features.circles.settings import GroupSettings
from server.features.groups.messages import GroupJoin, GroupLeave, GroupOk
from server.features.orders.orders import Orders
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.plain_text import plain_name
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.call import Call, Handler, Handlers
from server.rooms.directory import Directory
from server.rooms.dispatch import Gate, holds
from server.rooms.plain_text import shown_text
from server.rooms.room import Room
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)
_ANY = msgpack.Decoder(Any)


class GroupBody(Input, frozen=True):
    """Body of `PUT /v1/hosts/{host}/group`. `admits`: who can become a member."""

    title: str
    admits: Admits = "all"
    host_name: str = ""


class GroupMember(Struct, frozen=True):
    """A member of a fan group; `at` is the time of joining (Unix ms)."""

    user: str
    name: str
    at: int


class MembersPage(Struct, frozen=True):
    """Members in no order; one may appear twice. `next` is the `cursor` of the page after."""

    members: list[GroupMember]
    next: str | None = None


_PAGE = msgpack.Decoder(MembersPage)


class Changed(Protocol):
    """Hears of a change."""

    def __call__(self, room_id: str, user: str, *, belongs: bool) -> None:
        """The user belongs to the fan group of the room's host from now on, or no longer."""


def _nobody_hears(room_id: str, user: str, *, belongs: bool) -> None:
    del room_id, user, belongs


class Groups:
    """Makes fan groups, lets users join and leave them, and decides who may come in.

    `open_room` gives a group's room if it is open on this worker.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        directory: Directory,
        hosts: Hosts,
        orders: Orders,
        open_room: Callable[[str], Room | None],
        changed: Changed = _nobody_hears,
    ) -> None:
        """`changed` hears who belongs from now on, or no longer."""
        self._store = store
        self._changed = changed
        self._settings = settings
        self._directory = directory
        self._hosts = hosts
        self._orders = orders
        self._changes = Changes(settings)
        self._open_room = open_room
        self._goodbyes = Errands("goodbye")

    def handlers(self) -> Handlers:
        """The commands of this module."""
        return {
            GroupJoin: Handler(self.join, Role.VIEWER),
            GroupLeave: Handler(self.leave, Role.VIEWER),
        }

    async def aclose(self) -> None:
        """Wait until the connections of former members are closed."""
        await self._goodbyes.finish()

    # The group itself

    async def put(self, who: Identity, host: str, body: GroupBody) -> Group:
        """Make or change a host's fan group. A repeat completes a call that a crash cut short."""
        must_fit(host)
        id_ = group_id(host)
        title = shown_text("title", body.title, self._settings.rooms.title_chars_max)
        if await self._hosts.group_of(host) is None:
            await self._make(who, host, body, title)
        args = {
            "title": title,
            "admits": body.admits,
            "epoch": secrets.token_hex(8),
            "by": who.user,
        }
        await self._store.run_script("groups.put", id_, args, _ANY)
        await self._name_in_rooms(host)
        group = await self._hosts.group_of(host)
        assert group is not None
        return group

    async def _make(self, who: Identity, host: str, body: GroupBody, title: str) -> None:
        id_ = group_id(host)
        name = who.name if who.user == host else plain_name(body.host_name) or host
        now = unix_ms()
        await asked(self._store.redis.zadd(self._store.keys.groups, {id_: now}, nx=True))
        args = {
            "title": title,
            "host": host,
            "host_name": name[:40],
            "scheduled": 0,
            "kind": "group",
            "group": id_,
            "admits": body.admits,
            "by": who.user,
        }
        try:
            await self._directory.make(host, id_, args)
        except CommandError as exc:
            if exc.code != "conflict":  # made by the same request, sent twice
                raise

    async def _name_in_rooms(self, host: str) -> None:
        """Name the group in all rooms of the host; raise only after all were tried."""
        failed: CommandError | None = None
        for room_id in await self._directory.rooms_of(host):
            try:
                await self._name_in(host, room_id)
            except CommandError as exc:
                if exc.code not in ("not_found", "forbidden"):
                    _log.warning("Room %s does not name its fan group: %s", room_id, exc.msg)
                    failed = exc
        if failed is not None:
            raise failed

    async def _name_in(self, host: str, room_id: str) -> None:
        events_max = self._settings.rooms.event_stream_len_max
        args = {"host": host, "group": group_id(host), "events_max": events_max}
        await self._store.run_script("groups.name_in_room", room_id, args, _ANY)

    # A room of the host is made

    def must_be_free(self, room_id: str) -> None:
        """Refuse ids of fan groups."""
        if is_group(room_id):
            raise CommandError(
                "forbidden",
                f"Room ids that begin with `{PREFIX}` are for fan groups: "
                "make one with `PUT /v1/hosts/{host}/group`.",
            )

    async def begin(
        self,
        host: str,
        room_id: str,
        wish: RoomCreate | None,  # noqa: ARG002  (founders are given it)
    ) -> Mapping[str, Any]:
        """The room names the host's fan group, if there is one."""
        if is_group(room_id):
            return {}
        group = await self._hosts.group_of(host)
        return {"group": "" if group is None else group.id}

    async def finish(self, host: str, room_id: str) -> None:
        """Name the group in the room if the group was made meanwhile."""
        if await self._hosts.group_of(host) is not None:
            await self._name_in(host, room_id)

    async def members(self, host: str, place: str, limit: int) -> MembersPage:
        """About `limit` members after a place that an earlier page named, '' to begin."""
        args = {"place": place, "limit": limit}
        return await self._store.run_script("groups.members_page", group_id(host), args, _PAGE)

    # Members

    async def join(self, call: Call, cmd: GroupJoin) -> Ok:
        """Become a member of the fan group of the room's host; `ok` carries its id."""
        host = await self._directory.host_of(call.room_id)
        if call.who.user == host:
            raise CommandError("conflict", "This is your own fan group: you are in it already.")
        group = await self._group(host)
        await self._must_admit(call, host, group)
        self._changes.must_not_flood("group", call.who.user)
        await self._put_member(group.id, call.who, on=True)
        self._changed(call.room_id, call.who.user, belongs=True)
        return GroupOk(ref=cmd.ref, group=group.id)

    async def leave(self, call: Call, cmd: GroupLeave) -> Ok:
        """Leave it. Connections in the group end once this is answered."""
        group = await self._group(await self._directory.host_of(call.room_id))
        self._changes.must_not_flood("group", call.who.user)
        await self._put_member(group.id, call.who, on=False)
        self._changed(call.room_id, call.who.user, belongs=False)
        room = self._open_room(group.id)
        if room is not None:
            room.insiders.lose(call.who.user)  # the other workers hear it on the bus
        # A task of its own: it can't begin before the reply to this command is written, and that
        # may go to one of the connections which end.
        self._goodbyes.start(self._say_goodbye(group.id, call.who.user), group.id)
        return GroupOk(ref=cmd.ref, group=group.id)

    async def _group(self, host: str) -> Group:
        group = await self._hosts.group_of(host)
        if group is None:
            raise CommandError("not_found", "The host of this room has no fan group.")
        return group

    async def _put_member(self, id_: str, who: Identity, *, on: bool) -> None:
        members_max = self._settings.section(GroupSettings).members_max
        args = {"user": who.user, "name": who.name, "on": on, "members_max": members_max}
        await self._store.run_script("groups.put_member", id_, args, _ANY)

    async def _say_goodbye(self, id_: str, user: str) -> None:
        # If it fails, their commands are refused all the same, and they can't come in again.
        await self._store.run_script("groups.member_gone", id_, {"user": user}, _ANY)

    async def _must_admit(self, call: Call, host: str, group: Group) -> None:
        keys, user = self._store.keys, call.who.user
        if group.admits == "followers":
            followers = keys.host(host, "followers")
            if not await asked(self._store.redis.hexists(followers, user)):
                raise CommandError(
                    "forbidden", "This fan group is for those who follow the host: follow first."
                )
        elif group.admits == "buyers":
            # The host's list of buyers may lag behind, so look at this room's orders too.
            if await asked(self._store.redis.hexists(keys.host(host, "buyers"), user)):
                return
            orders = (await self._orders.orders_of(call.room_id, [user]))[user]
            if not any(order.status == "paid" and not order.practice for order in orders):
                raise CommandError(
                    "forbidden", "This fan group is for those who bought from the host: buy first."
                )

    # Coming in

    @property
    def gate(self) -> Gate:
        """The check at the entry of fan groups."""
        return Gate(is_group, self.must_be_let_in)

    async def must_be_let_in(self, who: Identity, room_id: str) -> None:
        """Refuse users who do not belong to this fan group. CommandError `forbidden`.

        For a connected user the store is asked once; later the bus tells of changes.
        """
        host = room_id.removeprefix(PREFIX)
        if holds(who, Role.MODERATOR, room_id, host):
            return
        if who.role is not Role.GUEST and who.may_enter(room_id):
            room = self._open_room(room_id)
            if room is not None and room.has_inside(who.user):
                return
            doubts = 0 if room is None else room.insiders.doubts
            if await self._belongs(room_id, who.user):
                if room is not None and room.audience.members_of(who.user):
                    room.insiders.add(who.user, doubts)
                return
        raise CommandError(
            "forbidden",
            "This fan group is for its members: send `group.join` in a room of its host "
            "to become one.",
        )

    async def _belongs(self, room_id: str, user: str) -> bool:
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hexists(keys.room(room_id, "members"), user)
        pipeline.hexists(keys.room(room_id, "moderators"), user)
        return any(await asked(pipeline.execute()))
