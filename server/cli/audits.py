"""`liveroom audit --all`: every room, the records compared with the rooms, merchants' units."""

from collections.abc import Sequence

import typer

from server.house import records_of, store_on
from server.settings import Settings
from server.store.room_store import RoomStore

DIFFERENCES = 1
COULD_NOT_READ = 2
_SHOWN_MAX = 3
"""How many differences of a room are told."""


async def audit_all(store: RoomStore, settings: Settings) -> int:
    """Tell of each room that differs, then how many; return the status of the command.

    Raises RecordsAway, RedisError or OSError.
    """
    from server.features.audits.all_rooms import AllRooms
    from server.features.audits.units import AllUnits
    from server.records.retention import taken_by_kind

    records = records_of(settings)
    rooms = AllRooms(store_on(store.redis, store.keys), records)  # one that brings no room back
    read = away = behind = unread = 0
    differ: list[str] = []
    try:
        async for found in rooms.found():
            read += 1
            away += found.away
            behind += found.behind
            if found.differences:
                differ.append(found.room)
                typer.echo(f"{found.room}: {_told(found.differences)}")
            if found.unread:
                unread += 1
                why = f"liveroom: room `{found.room}` could not be read whole: {found.unread}."
                typer.echo(why, err=True)
        units = [each async for each in AllUnits(store, records).differences()]
        journal = await rooms.journal()
        if journal:
            typer.echo(f"accounts: {_told(journal)}")
        async with records.reading() as connection:
            taken = await taken_by_kind(connection)
    finally:
        await records.aclose()
    summary = (
        f"{read} {'room' if read == 1 else 'rooms'}, {away} of them away: {len(differ)} differ"
    )
    typer.echo(f"{summary}, {unread} could not be read.")
    for each in units:
        typer.echo(f"Units of merchants: {each}.")
    if taken:
        of_kinds = ", ".join(f"{kind} of {n:,} rooms" for kind, n in sorted(taken.items()))
        typer.echo(f"Retention took: {of_kinds}.")
    if behind:
        typer.echo(f"The archive has {behind} ledger entries still to copy.")
    if unread:
        return COULD_NOT_READ
    return DIFFERENCES if differ or journal or units else 0


def _told(differences: Sequence[str]) -> str:
    more = len(differences) - _SHOWN_MAX
    shown = "; ".join(differences[:_SHOWN_MAX])
    return f"{shown}; and {more} more" if more > 0 else shown
