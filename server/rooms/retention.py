"""Defines how long each kind of record is kept: what a feature declares of it.

A record of a room counts from the end of the room. Some is taken out of the room while it leaves
Redis (`Keeping`); what belongs to no room that left is removed by its feature (`Removal`).
`rooms.retaining` does both.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.settings import Settings
from server.store.room_store import RoomStore

Users = Callable[[AsyncConnection, str], Awaitable[Collection[str]]]
"""(connection, room) -> whose ids and names end."""
FromHost = Callable[[RoomStore, str, str, Collection[str]], Awaitable[None]]
"""(store, host, room, users) -> takes out of the host's keys what they say of these users and the
room. Twice is the same as once."""


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """How long one kind of record is kept in rooms that ended, and what of them is that kind."""

    kind: str
    days: Callable[[Settings], float]
    """Days after the room's end; 0 is for ever."""
    facts: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By kind of fact, the texts in it that become empty: `text`, or `comment.text` in a map."""
    rows: Mapping[str, Collection[str]] = field(default_factory=dict)
    """The same by key of the room whose values are packed maps."""
    keys: Collection[str] = ()
    """Keys of the room that end whole."""
    users: Users | None = None
    """Pseudonyms of their own in each room take the place of these users."""
    spares: Collection[str] = ()
    """Kinds of facts that go on naming them."""
    from_host: FromHost | None = None
    whole: bool = False
    """Whether the room is deleted."""


@dataclass(frozen=True, kw_only=True)
class Removal:
    """How long a kind of record is kept that a feature removes itself. Times in Unix ms.

    Both may raise RecordsAway, CommandError, RedisError or OSError.
    """

    kind: str
    days: float
    due: Callable[[int], Awaitable[int]]
    """(before) -> how many are older."""
    remove: Callable[[int, int], Awaitable[int]]
    """(before, most) -> removes up to so many in one short transaction; returns how many."""


@dataclass(frozen=True, kw_only=True)
class Expired:
    """A room whose records of a kind are over their time."""

    life: int
    """Its number in the records."""
    room: str
    host: str


FindExpired = Callable[[AsyncConnection, str, int, int, int], Awaitable[list[Expired]]]
"""(connection, kind, before, after, count) -> the next rooms, by `life` after that one, that ended
before a time (ms) and out of which the kind was not taken."""
CountExpired = Callable[[AsyncConnection, str, int], Awaitable[int]]
"""(connection, kind, before) -> how many there are of these."""


@dataclass(frozen=True, kw_only=True)
class ExpiredRooms:
    """Finds rooms whose time is over; one feature can, the one that knows when rooms ended."""

    find: FindExpired
    count: CountExpired


def must_keep_money_longest(keepings: Collection[Keeping], settings: Settings) -> str:
    """Return a sentence if a room would be deleted before other records of it end, or ''."""
    whole = [(each.kind, each.days(settings)) for each in keepings if each.whole]
    others = [(each.kind, each.days(settings)) for each in keepings if not each.whole]
    for kind, days in whole:
        for other, longer in others:
            if days and longer > days:
                return (
                    f"records.keep_{other}_days = {longer:g} is more than "
                    f"records.keep_{kind}_days = {days:g}, after which the whole room is deleted: "
                    f"keep {kind} longest."
                )
    return ""


def before(days: float, now: int) -> int:
    """The time (ms) before which what is kept for so many days is over."""
    return now - int(days * DAY_MS)


def emptied(value: Any, paths: Collection[str]) -> Any:
    """Return a map whose texts at these paths are empty."""
    new = dict(value)
    for path in paths:
        name, _, rest = path.partition(".")
        if rest and isinstance(new.get(name), dict):
            new[name] = emptied(new[name], [rest])
        elif not rest and isinstance(new.get(name), str):
            new[name] = ""
    return new
