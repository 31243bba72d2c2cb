"""Allotments: the units of a merchant's variant that a host may sell, until a time."""

from collections.abc import Callable, Collection
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.allotments.counters import move_units
from server.features.allotments.settings import AllotmentSettings
from server.features.allotments.tables import ALLOTMENTS
from server.features.merchants.tables import MERCHANTS, UNITS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.upsert import insert_into
from server.store.request_key import new_id

_AT_ONCE = 100


class Allotment(Struct, frozen=True, kw_only=True):
    """Units of a sku that a merchant grants a host. Times in Unix ms.

    Of `units` the host may still send `free` to sales; the others are in sales, or were. They are
    for one `room`, or for all of the host's if it is empty. At `until` the free ones go home to the
    merchant. On the host's shelf the sku is `product`.
    """

    allotment: str
    merchant: str
    sku: str
    product: str
    host: str
    room: str
    units: int
    free: int
    until: int
    created: int
    changed: int


class AllotmentsPage(Struct):
    """Allotments, the newest first. `next` is the `cursor` of the following page."""

    allotments: list[Allotment]
    next: str | None = None


class Grant(Struct, frozen=True, kw_only=True):
    """Units of a `sku` for a `host`, until a time (ms): in one `room`, or in all if it is empty."""

    sku: str
    host: str
    units: int
    until: int
    room: str = ""


class Allotments:
    """Grants units, changes what was granted, takes back what no sale has. `clock` gives Unix ms.

    Each method is one transaction. Methods raise CommandError or RecordsAway; then nothing changed.
    """

    def __init__(
        self,
        records: Database,
        settings: AllotmentSettings,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock

    async def grant(self, merchant: str, grant: Grant) -> Allotment:
        """Move units of the merchant's stock to a new allotment.

        The same request with a key grants once.
        """
        async with self._records.writing() as connection:
            return await self.grant_within(connection, merchant, grant, new_id("a"))

    def usual_end(self) -> int:
        """Return when units are over that a host asked for, if nobody names an end (ms)."""
        return self._clock() + self._settings.asked_days * DAY_MS

    async def grant_within(
        self, connection: AsyncConnection, merchant: str, grant: Grant, allotment: str
    ) -> Allotment:
        """Grant units in a transaction, in the allotment of this id, unless it is there already."""
        now = self._clock()
        self._must_end_in_time(grant.until, now)
        if grant.host == merchant:
            raise CommandError(
                "conflict", f"`{merchant}` sells its own goods without an allotment; grant none."
            )
        row: dict[str, Any] = {
            "allotment": allotment, "merchant": merchant, "sku": grant.sku, "host": grant.host,
            "room": grant.room, "granted": grant.units, "free": grant.units, "home": 0,
            "until": grant.until, "created": now, "changed": now,
        }  # fmt: skip
        new = insert_into(connection, ALLOTMENTS).values(row).on_conflict_do_nothing()
        added = (await connection.execute(new)).rowcount
        if not added:
            return await _read(connection, merchant, row["allotment"])
        await self._must_have_room(connection, merchant, now)
        await _take_from_stock(connection, merchant, grant.sku, grant.units)
        return await _read(connection, merchant, row["allotment"])

    async def change(
        self, merchant: str, allotment: str, units: int | None, until: int | None
    ) -> Allotment:
        """Set how many units an allotment has in all, or its end, or both."""
        now = self._clock()
        async with self._records.writing() as connection:
            row = await _locked(connection, merchant, allotment)
            if row["until"] <= now:
                raise CommandError(
                    "ended", f"The allotment `{allotment}` is over; grant units in a new one."
                )
            if until is not None:
                self._must_end_in_time(until, now)
                await _set(connection, row, until=until, changed=now)
            if units is not None:
                await self._set_units(connection, row, units, now)
            return await _read(connection, merchant, allotment)

    async def _set_units(
        self, connection: AsyncConnection, row: dict[str, Any], units: int, now: int
    ) -> None:
        more = units - (row["granted"] - row["home"])
        if more > 0:
            await _take_from_stock(connection, row["merchant"], row["sku"], more)
            await _set(
                connection, row, granted=row["granted"] + more, free=row["free"] + more, changed=now
            )
        elif -more > row["free"]:
            used = row["granted"] - row["home"] - row["free"]
            raise CommandError(
                "conflict",
                f"{used} units of this allotment were sent to sales, so it can have no fewer.",
            )
        elif more < 0:
            await _send_home(connection, row, -more, now)

    async def take_back(self, merchant: str, allotment: str) -> Allotment:
        """End an allotment: what is free goes home; what was sent to sales follows when these
        close. Twice is the same as once."""
        now = self._clock()
        async with self._records.writing() as connection:
            row = await _locked(connection, merchant, allotment)
            if row["until"] > now:
                await _set(connection, row, until=now, changed=now)
            await _send_home(connection, row, row["free"], now)
            return await _read(connection, merchant, allotment)

    async def granted(
        self, merchant: str, host: str, sku: str, cursor: str, limit: int
    ) -> AllotmentsPage:
        """A merchant's allotments, the newest first: of a host and of a sku, if one is named."""
        which = {"merchant": merchant, "host": host, "sku": sku}
        asked = [ALLOTMENTS.c[name] == value for name, value in which.items() if value]
        return await self._page(asked, cursor, limit)

    async def of_host(
        self, host: str, rooms: Collection[str] | None, cursor: str, limit: int
    ) -> AllotmentsPage:
        """A host's allotments that are not over, the newest first; those that count in some rooms,
        if these are named."""
        asked = [ALLOTMENTS.c.host == host, ALLOTMENTS.c.until > self._clock()]
        if rooms is not None:
            asked.append(ALLOTMENTS.c.room.in_(["", *rooms]))
        return await self._page(asked, cursor, limit)

    async def _page(
        self, asked: list[ColumnElement[bool]], cursor: str, limit: int
    ) -> AllotmentsPage:
        place = ALLOTMENTS.c.created, ALLOTMENTS.c.allotment
        if cursor:
            created, _, allotment = cursor.partition("-")
            asked.append(tuple_(*place) < (int(created), allotment))
        found = (
            select(ALLOTMENTS)
            .where(*asked)
            .order_by(ALLOTMENTS.c.created.desc(), ALLOTMENTS.c.allotment.desc())
            .limit(limit + 1)
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(found)).mappings().all()
        page = rows[:limit]
        after = f"{page[-1]['created']}-{page[-1]['allotment']}" if len(rows) > limit else None
        return AllotmentsPage([_shown(dict(row)) for row in page], after)

    async def end_due(self) -> int:
        """Send the free units of allotments that are over home; return of how many allotments."""
        now, ended = self._clock(), 0
        over = select(ALLOTMENTS.c.allotment, ALLOTMENTS.c.merchant).where(
            ALLOTMENTS.c.free > 0, ALLOTMENTS.c.until <= now
        )
        while True:
            async with self._records.reading() as connection:
                due = (await connection.execute(over.limit(_AT_ONCE))).all()
            for allotment, merchant in due:
                async with self._records.writing() as connection:
                    row = await _locked(connection, merchant, allotment)
                    if row["until"] <= now:
                        await _send_home(connection, row, row["free"], now)
                        ended += 1
            if len(due) < _AT_ONCE:
                return ended

    def _must_end_in_time(self, until: int, now: int) -> None:
        if not now < until <= now + self._settings.days_max * DAY_MS:
            raise CommandError(
                "conflict",
                f"`until` must be a time (Unix ms) in the next {self._settings.days_max} days.",
            )

    async def _must_have_room(self, connection: AsyncConnection, merchant: str, now: int) -> None:
        counted = select(func.count()).where(
            ALLOTMENTS.c.merchant == merchant, ALLOTMENTS.c.until > now
        )
        if int(await connection.scalar(counted) or 0) > self._settings.open_max:
            raise CommandError(
                "limit_reached",
                f"A merchant can have {self._settings.open_max} allotments at a time; wait until "
                "some are over, or take some back.",
            )


async def _take_from_stock(
    connection: AsyncConnection, merchant: str, sku: str, units: int
) -> None:
    """Move units from stock to the allotted ones. Raises CommandError if that can't be."""
    state = await connection.scalar(
        select(MERCHANTS.c.state).where(MERCHANTS.c.merchant == merchant)
    )
    if state is not None and state != "active":
        raise CommandError(
            "conflict", f"The merchant `{merchant}` is {state}; no units are granted meanwhile."
        )
    if await move_units(connection, (merchant, sku), "stock", "allotted", units, least=True):
        return
    stock = await connection.scalar(
        select(UNITS.c.stock).where(UNITS.c.merchant == merchant, UNITS.c.sku == sku)
    )
    if state is None or stock is None:
        raise CommandError("not_found", f"The merchant `{merchant}` has no variant `{sku}`.")
    raise CommandError(
        "conflict",
        f"{stock} units of `{sku}` are in stock and not granted to anybody; grant no more, or add "
        "to the stock first.",
    )


async def _send_home(
    connection: AsyncConnection, row: dict[str, Any], units: int, now: int
) -> None:
    """Move free units of a locked allotment back to the stock."""
    if units:
        of = row["merchant"], row["sku"]
        await _set(connection, row, free=row["free"] - units, home=row["home"] + units, changed=now)
        await move_units(connection, of, "allotted", "stock", units, least=False)


async def _set(connection: AsyncConnection, row: dict[str, Any], **values: int) -> None:
    row |= values
    which = ALLOTMENTS.c.allotment == row["allotment"]
    await connection.execute(update(ALLOTMENTS).where(which).values(values))


async def _locked(connection: AsyncConnection, merchant: str, allotment: str) -> dict[str, Any]:
    """The row of an allotment, which no other transaction changes until this one ends."""
    asked = select(ALLOTMENTS).where(
        ALLOTMENTS.c.allotment == allotment, ALLOTMENTS.c.merchant == merchant
    )
    row = (await connection.execute(asked.with_for_update())).mappings().first()
    if row is None:
        raise CommandError("not_found", f"`{merchant}` has no allotment `{allotment}`.")
    return dict(row)


async def _read(connection: AsyncConnection, merchant: str, allotment: str) -> Allotment:
    return _shown(await _locked(connection, merchant, allotment))


def _shown(row: dict[str, Any]) -> Allotment:
    kept = {name: row[name] for name in Allotment.__struct_fields__ if name in row}
    product = f"{row['merchant']}:{row['sku']}"
    return Allotment(**kept, product=product, units=row["granted"] - row["home"])
