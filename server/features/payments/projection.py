"""Keeps the cases of all rooms up to date with the ledgers that the archive copies."""

from collections.abc import Collection, Sequence

from msgspec import Raw, Struct, msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.payments.cases import Case
from server.features.payments.tables import CASES
from server.records.projection import Entry, RoomHead, empty_tables, read_entry
from server.records.upsert import insert_into


class _Line(Struct):
    """A line of the ledger, as far as it may be a case."""

    k: str
    case: Raw = Raw()


_LINES = msgpack.Decoder(list[_Line])
_CASE = msgpack.Decoder(Case)


class CaseProjection:
    """A row a case."""

    name = "cases"
    version = 1
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Add the cases among the next entries of a room's ledger."""
        assert stream in self.streams
        rows = [
            {"life": room.life, "room": room.room, "host": room.host}
            | {name: getattr(case, name) for name in case.__struct_fields__}
            for entry in entries
            for case in read_entry(entry, _cases_in)
        ]
        if rows:
            put = insert_into(connection, CASES)
            await connection.execute(
                put.on_conflict_do_nothing(index_elements=["life", "case"]), rows
            )

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the table, or what it holds of one room."""
        await empty_tables(connection, [CASES], life)


def _cases_in(body: bytes) -> list[Case]:
    return [_CASE.decode(line.case) for line in _LINES.decode(body) if line.k == "case"]
