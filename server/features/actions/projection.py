"""Folds acts of moderation from what the archive copies of rooms."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.actions.tables import MODERATION_LOG
from server.records.projection import Entry, RoomHead, empty_tables, read_entry
from server.records.upsert import insert_into

_FACT = msgpack.Decoder(dict[str, Any])
_OWN_COLUMNS = ("k", "at", "by", "user", "id")


class ModerationProjection:
    """A row an act of moderation; `moderating` are the kinds of facts that are one."""

    name = "moderation_log"
    version = 1
    streams: Collection[str] = ("actions",)

    def __init__(self, moderating: Collection[str]) -> None:
        self._moderating = moderating

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next acts of a room."""
        assert stream in self.streams
        found = [
            self._row(room, entry, fact)
            for entry in entries
            for fact in read_entry(entry, lambda body: [_FACT.decode(body)])
            if fact.get("k") in self._moderating
        ]
        if found:
            made = insert_into(connection, MODERATION_LOG).on_conflict_do_nothing()
            await connection.execute(made, found)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Remove what was folded, or what was folded of one room."""
        if life is not None:
            await empty_tables(connection, [MODERATION_LOG], life)
            return
        await connection.execute(MODERATION_LOG.delete().where(MODERATION_LOG.c.life > 0))

    def _row(self, room: RoomHead, entry: Entry, fact: dict[str, Any]) -> dict[str, Any]:
        details = {name: value for name, value in fact.items() if name not in _OWN_COLUMNS}
        texts = {name: str(fact.get(name) or "") for name in ("by", "user")}
        return {
            "id": f"r{room.life}-{entry.place}", "life": room.life, "at": int(fact.get("at") or 0),
            "what": str(fact["k"]), "room": room.room, "ref": str(fact.get("id") or ""),
            "details": msgpack.encode(details), **texts,
        }  # fmt: skip
