"""Keeps what can be found up to date with what the archive copies."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.documents import (
    Document,
    Key,
    count_of,
    drop_documents,
    empty_documents,
    put_documents,
    renew_documents,
    titles_of,
)
from server.features.search.found_facts import Folding, Stream, changes_of, skus_asked_about
from server.features.search.tables import DOCUMENTS, ROOMS
from server.records.projection import HEAD, Entry, RoomHead
from server.records.upsert import insert_into

ROOM: Final = ""
"""The `ref` of the document of the room itself."""


class SearchProjection:
    """Documents of rooms that everybody may find: their goods, answers and moments, and their
    hosts. A room has at most `documents_max`; what comes after them can't be found."""

    name = "search"
    version = 2
    streams: Collection[str] = (HEAD, "timeline")

    def __init__(self, documents_max: int) -> None:
        self._documents_max = documents_max

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold facts, or a new head of a room."""
        if stream == HEAD:
            await self._put_head(connection, room)
            return
        changes = changes_of(entries)
        if not changes:
            return
        known = (await connection.execute(select(ROOMS).where(ROOMS.c.life == room.life))).first()
        if known is None:
            known = await self._put_head(connection, room)
        titles = await titles_of(connection, room.life, skus_asked_about(changes))
        before = Stream(known.started, known.ended)
        folding = Folding(before, titles)
        folding.fold(changes)
        if folding.stream != before:
            await connection.execute(
                update(ROOMS).where(ROOMS.c.life == room.life).values(**folding.stream._asdict())
            )
        documents = await self._within_bounds(connection, room.life, folding.documents)
        await put_documents(connection, room.life, documents, shown=known.shown)

    async def _within_bounds(
        self, connection: AsyncConnection, life: int, documents: dict[Key, Document | None]
    ) -> dict[Key, Document | None]:
        """Leave out what would be too much of one room; what is taken away always is."""
        left = self._documents_max - await count_of(connection, life)
        if left >= len(documents):
            return documents
        gone = {key: None for key, document in documents.items() if document is None}
        put = [(key, document) for key, document in documents.items() if document is not None]
        return dict(put[: max(0, left)]) | gone

    async def _put_head(self, connection: AsyncConnection, head: RoomHead) -> Any:
        """Enter a room, or what is new of it; return its row."""
        before = (await connection.execute(select(ROOMS).where(ROOMS.c.life == head.life))).first()
        row = await _put_row(connection, head)
        document = Document(
            "room", ROOM, row.title, head.made, text=head.host_name, context=head.host
        )
        starts = before is not None and before.phase != row.phase == "live"
        if starts or (before is not None and before.shown != row.shown):
            await renew_documents(connection, head.life, shown=row.shown)
        await put_documents(connection, head.life, {document.key: document}, shown=row.shown)
        if before is None or (before.shown, before.host_name) != (row.shown, row.host_name):
            await _settle_host(connection, head.host)
        return row

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Forget all that can be found, or what one room has of it."""
        if life is None:
            await empty_documents(connection)
            await connection.execute(delete(ROOMS))
            return
        host = await connection.scalar(select(ROOMS.c.host).where(ROOMS.c.life == life))
        await drop_documents(connection, DOCUMENTS.c.life == life)
        await connection.execute(delete(ROOMS).where(ROOMS.c.life == life))
        if host is not None:
            await _settle_host(connection, host)


def is_shown(kind: str, *, practice: bool, draft: bool, cancelled: bool) -> bool:
    """Whether everybody may find a room: those that the list of rooms has, and that take place."""
    return kind in ("stream", "") and not (practice or draft or cancelled)


async def _put_row(connection: AsyncConnection, head: RoomHead) -> Any:
    values: dict[str, Any] = {
        "room": head.room,
        "host": head.host,
        "host_name": head.host_name or head.host,
        "title": head.title,
        "phase": head.phase,
        "scheduled": head.scheduled,
        "started": head.started,
        "ended": head.ended,
        "shown": is_shown(
            head.kind, practice=head.practice, draft=head.draft, cancelled=head.cancelled
        ),
    }
    put = insert_into(connection, ROOMS).values(life=head.life, **values)
    put = put.on_conflict_do_update(index_elements=["life"], set_=values).returning(ROOMS)
    return (await connection.execute(put)).one()


async def _settle_host(connection: AsyncConnection, host: str) -> None:
    """Let a host be found once: by the name in the newest of their rooms that are shown."""
    await drop_documents(connection, (DOCUMENTS.c.kind == "host") & (DOCUMENTS.c.ref == host))
    newest = (
        await connection.execute(
            select(ROOMS)
            .where(ROOMS.c.host == host, ROOMS.c.shown)
            .order_by(ROOMS.c.life.desc())
            .limit(1)
        )
    ).first()
    if newest is not None:
        document = Document("host", host, newest.host_name, newest.started, context=host)
        await put_documents(connection, newest.life, {document.key: document}, shown=True)
