"""Reads what a user follows, reserved, belongs to and claimed, with the names that people know it
by."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from server.features.circles.group_ids import group_id
from server.features.ties.ties import ClaimedCoupon, Tie, Ties
from server.rooms.left_out import LeftOut
from server.store.reading import asked
from server.store.room_store import RoomStore

LISTED_MAX = 200
"""Most hosts, rooms, groups and coupons that are listed, the newest of each."""
ROOMS_LOOKED_AT_MAX = 10
"""Most rooms of a host, the newest, among which the one to show is looked for."""
_FIELDS = ("host", "host_name", "title", "phase", "scheduled", "draft", "practice", "kind")
_PHASES = ("live", "scheduled", "ended")
"""Which room of a host is shown first."""


class Followed(Struct, frozen=True, kw_only=True):
    """A host that the user follows, with the host's room that is live, else the newest that comes,
    else the newest ("" if there is none)."""

    host: str
    name: str
    at: int
    room: str = ""
    title: str = ""
    phase: str = ""


class Reserved(Struct, frozen=True, kw_only=True):
    """A scheduled room in which the user reserved a place; `scheduled` in Unix ms."""

    room: str
    title: str
    host: str
    host_name: str
    scheduled: int
    at: int


class Membership(Struct, frozen=True, kw_only=True):
    """A fan group that the user belongs to."""

    room: str
    title: str
    host: str
    host_name: str
    at: int


class OwnTies(Struct, kw_only=True):
    """A user's ties that hold now, the newest of each kind first."""

    follows: list[Followed]
    reservations: list[Reserved]
    groups: list[Membership]
    coupons: list[ClaimedCoupon]


class TieBook:
    """Reads a user's ties, and the rooms that they lead to."""

    def __init__(self, store: RoomStore, ties: Ties) -> None:
        self._store = store
        self._ties = ties
        self._left_out = LeftOut("a user's page")

    async def of_user(self, user: str) -> OwnTies:
        """All of them. Raises RecordsAway or CommandError."""
        by_kind: dict[str, list[Tie]] = {"follow": [], "reserve": [], "member": [], "claim": []}
        for tie in await self._ties.of_user(user):
            if len(by_kind[tie.kind]) < LISTED_MAX:
                by_kind[tie.kind].append(tie)
        newest = await self._newest_rooms([tie.ref for tie in by_kind["follow"]])
        groups = {tie.ref: group_id(tie.ref) for tie in by_kind["member"]}
        reserved = [tie.ref for tie in by_kind["reserve"]]
        of_hosts = [room for rooms in newest.values() for room in rooms]
        heads = await self._heads([*of_hosts, *groups.values(), *reserved])
        return OwnTies(
            follows=[_followed(tie, newest.get(tie.ref, ()), heads) for tie in by_kind["follow"]],
            reservations=[
                _reserved(tie, heads[tie.ref])
                for tie in by_kind["reserve"]
                if tie.ref in heads and heads[tie.ref]["phase"] == "scheduled"
            ],
            groups=[
                _membership(tie, groups[tie.ref], heads[groups[tie.ref]])
                for tie in by_kind["member"]
                if groups[tie.ref] in heads
            ],
            coupons=await self._ties.claims(by_kind["claim"]),
        )

    async def groups_of(self, user: str) -> list[str]:
        """The ids of the fan groups a user is in. Raises RecordsAway."""
        ties = await self._ties.of_user(user)
        return [group_id(tie.ref) for tie in ties if tie.kind == "member"]

    async def _newest_rooms(self, hosts: Sequence[str]) -> dict[str, list[str]]:
        pipeline = self._store.redis.pipeline(transaction=False)
        for host in hosts:
            pipeline.zrevrange(self._store.keys.host(host, "rooms"), 0, ROOMS_LOOKED_AT_MAX - 1)
        answers = await asked(pipeline.execute(raise_on_error=False)) if hosts else []
        found = {}
        for host, answer in zip(hosts, answers, strict=True):
            if isinstance(answer, Exception):
                self._left_out.say(host, answer)
            elif texts := self._left_out.texts(answer):
                found[host] = texts
        return found

    async def _heads(self, rooms: Sequence[str]) -> dict[str, dict[str, str]]:
        pipeline = self._store.redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.hmget(self._store.keys.room(room, "room"), _FIELDS)
        answers = await asked(pipeline.execute(raise_on_error=False)) if rooms else []
        heads: dict[str, dict[str, str]] = {}
        for room, answer in zip(rooms, answers, strict=True):
            try:
                if isinstance(answer, Exception):
                    raise answer
                if answer[0] is not None:
                    heads[room] = _texts(answer)
            except Exception as error:  # its shard is down, or its data are damaged
                self._left_out.say(room, error)
        return heads


def _texts(answer: Sequence[Any]) -> dict[str, str]:
    fields = zip(_FIELDS, answer, strict=True)
    return {name: (value or b"").decode() for name, value in fields}


def _followed(tie: Tie, rooms: Sequence[str], heads: dict[str, dict[str, str]]) -> Followed:
    known = [(room, heads[room]) for room in rooms if room in heads]
    name = next((head["host_name"] for _, head in known if head["host_name"]), tie.ref)
    shown = [(room, head) for room, head in known if _is_public(head)]
    if not shown:
        return Followed(host=tie.ref, name=name, at=tie.at)
    room, head = min(shown, key=lambda each: _PHASES.index(each[1]["phase"]))
    return Followed(
        host=tie.ref, name=name, at=tie.at, room=room, title=head["title"], phase=head["phase"]
    )


def _is_public(head: dict[str, str]) -> bool:
    """Whether anybody may know of the room: no draft, no practice, no fan group."""
    hidden = head["draft"] == "1" or head["practice"] == "1"
    return not hidden and head["kind"] != "group" and head["phase"] in _PHASES


def _reserved(tie: Tie, head: dict[str, str]) -> Reserved:
    return Reserved(
        room=tie.ref, title=head["title"], host=head["host"],
        host_name=head["host_name"] or head["host"], scheduled=int(head["scheduled"] or 0),
        at=tie.at,
    )  # fmt: skip


def _membership(tie: Tie, room: str, head: dict[str, str]) -> Membership:
    return Membership(
        room=room, title=head["title"], host=tie.ref, host_name=head["host_name"] or tie.ref,
        at=tie.at,
    )  # fmt: skip
