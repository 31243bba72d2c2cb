"""A projection: tables that a feature keeps up to date with what the archive copies."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from msgspec import MsgspecError
from sqlalchemy import Table, delete
from sqlalchemy.ext.asyncio import AsyncConnection

Read = TypeVar("Read")


class Entry(NamedTuple):
    """An entry of one of a room's streams, as it stands in Redis."""

    ms: int
    """The first number of its place `<ms>-<n>`. In a ledger it is the number of its last line."""
    n: int
    body: bytes

    @property
    def place(self) -> str:
        """Its place in the stream."""
        return f"{self.ms}-{self.n}"


class RoomHead(NamedTuple):
    """What identifies an archived room, and what was true of it at its last copy. Times in ms."""

    life: int
    """Its number in the records. An id that is created again is another room."""
    room: str
    made: int
    host: str
    kind: str
    title: str
    phase: str
    scheduled: int
    started: int
    ended: int
    practice: bool
    host_name: str = ""
    draft: bool = False
    cancelled: bool = False


HEAD: Final = "room"
"""What a projection names among its streams to be called, without entries, when a room is new or
its head has changed. No stream has this name."""


class Projection(Protocol):
    """Folds entries into tables of its own, in the transaction that copies them.

    So each entry is folded exactly once. If `version` differs from the stored one, the archive
    clears the projection and folds everything again.
    """

    name: str
    version: int
    streams: Collection[str]
    """The streams whose entries it folds; `HEAD` among them, if it follows the heads of rooms."""

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's stream. An entry that can't be read is left out."""

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty its tables, or only what they hold of one room."""


UNREADABLE: Final = (MsgspecError, UnicodeDecodeError)
"""The errors of bytes that can't be read. A projection leaves such an entry out: the archive keeps
it, and `liveroom audit` says what is wrong with it."""


def read_entry(entry: Entry, read: Callable[[bytes], list[Read]]) -> list[Read]:
    """Return what `read` finds in an entry; nothing if it can't be read."""
    try:
        return read(entry.body)
    except UNREADABLE:
        return []


async def empty_tables(
    connection: AsyncConnection, tables: Iterable[Table], life: int | None
) -> None:
    """Empty the tables, or what they hold of one room."""
    for table in tables:
        which = delete(table)
        await connection.execute(which if life is None else which.where(table.c.life == life))
