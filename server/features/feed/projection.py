"""Keeps what people did in rooms, and which rooms there are, up to date with the archive."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.feed.deeds import Deed, deeds_of
from server.features.feed.serials import give_serials
from server.features.feed.tables import ACTS, NEWCOMERS, ROOMS
from server.records.projection import HEAD, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

_NEVER = 2**62


class FeedProjection:
    """A row a deed, a row a room. Deeds that are older than `keep_days` (0: none) are passed over;
    a host who goes live for the first time is promised so many impressions."""

    name = "feed"
    version = 1
    streams: Collection[str] = (HEAD, "timeline", "ledger")

    def __init__(self, keep_days: float, promised: int, clock: Callable[[], int] = unix_ms) -> None:
        self._keep_ms = int(keep_days * DAY_MS)
        self._promised = promised
        self._clock = clock

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold facts and lines, or a new head of a room."""
        if stream == HEAD:
            await self._put_room(connection, room)
        elif not (room.practice or room.draft):
            since = self._clock() - self._keep_ms if self._keep_ms else 0
            deeds = [
                deed
                for deed in deeds_of(stream, entries)
                if deed.at >= since and deed.person != room.host
            ]
            await _put_deeds(connection, room, deeds)

    async def _put_room(self, connection: AsyncConnection, head: RoomHead) -> None:
        shown = head.kind in ("stream", "") and not (head.practice or head.draft or head.cancelled)
        [serial] = await give_serials(connection, "rooms", 1)
        values = {
            "serial": serial, "room": head.room, "host": head.host,
            "host_name": head.host_name or head.host, "phase": head.phase,
            "started": head.started, "shown": shown,
        }  # fmt: skip
        put = insert_into(connection, ROOMS).values(life=head.life, **values)
        await connection.execute(put.on_conflict_do_update(index_elements=["life"], set_=values))
        if shown and head.started:
            await enter_newcomers(
                connection, [(f"host:{head.host}", head.host, head.started)], self._promised
            )

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room. Who is a newcomer stays known."""
        await empty_tables(connection, (ACTS, ROOMS), life)


async def enter_newcomers(
    connection: AsyncConnection, newcomers: Sequence[tuple[str, str, int]], promised: int
) -> None:
    """Enter (item, host, since when) those that nobody knows yet."""
    items = [item for item, _, _ in newcomers]
    asked = select(NEWCOMERS.c.item, NEWCOMERS.c.began).where(NEWCOMERS.c.item.in_(items))
    known = {row.item: row.began for row in await connection.execute(asked)}
    # One that is known is older still if the archive is folded anew, and came to it just now.
    new = {each[0]: each for each in newcomers if each[2] < known.get(each[0], _NEVER)}
    if not new:
        return
    serials = await give_serials(connection, "newcomers", len(new))
    rows = [
        {"item": item, "host": host, "began": began, "serial": serial, "shown": 0,
         "promised": promised, "met": 0}
        for serial, (item, host, began) in zip(serials, new.values(), strict=True)
    ]  # fmt: skip
    put = insert_into(connection, NEWCOMERS)
    older = {name: put.excluded[name] for name in ("began", "serial")}
    await connection.execute(put.on_conflict_do_update(index_elements=["item"], set_=older), rows)


async def _put_deeds(connection: AsyncConnection, room: RoomHead, deeds: Sequence[Deed]) -> None:
    """Write deeds: the first of each kind counts, of follows the newest."""
    first: dict[tuple[str, str, str], dict[str, Any]] = {}
    newest: dict[str, dict[str, Any]] = {}
    for deed in deeds:
        row = deed._asdict() | {"life": room.life, "host": room.host}
        if deed.kind in ("follow", "unfollow"):
            newest[deed.person] = row
        else:
            first.setdefault((deed.person, deed.kind, deed.ref), row)
    rows = [*first.values(), *newest.values()]
    if not rows:
        return
    for row, serial in zip(rows, await give_serials(connection, "acts", len(rows)), strict=True):
        row["serial"] = serial
    put = insert_into(connection, ACTS)
    if first:
        await connection.execute(put.on_conflict_do_nothing(), list(first.values()))
    if newest:
        keys = ["life", "person", "kind", "ref"]
        new = {name: put.excluded[name] for name in ("serial", "at")}
        await connection.execute(
            put.on_conflict_do_update(index_elements=keys, set_=new), list(newest.values())
        )
