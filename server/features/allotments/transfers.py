"""Transfers: units on their way from a host's allotments to a sale in a room.

A transfer is two steps in two stores: units are reserved in the records, then the script of a
sale takes them in Redis, once, under the transfer's id. Whoever dies in between leaves a transfer
that is `sent`. Later somebody asks the room about it: either a sale has taken it, or the room
refuses it for ever, and the units are free again. So a unit is never in two places, nor in none.
"""

import contextlib
import logging
from collections.abc import Callable
from typing import Any, Self

from msgspec import Raw, Struct, msgpack
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.allotments.allotments import Allotments
from server.features.allotments.settings import AllotmentSettings
from server.features.allotments.tables import ALLOTMENTS, PARTS, TRANSFERS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.lease import take_lease
from server.records.upsert import insert_into
from server.store.request_key import UNKNOWN, new_id
from server.store.room_store import UNAVAILABLE_RETRY_MS, RoomStore
from server.store.script_library import LEFT

_log = logging.getLogger(__name__)

TASK = "allotments"
"""The name of the lease."""
_LEASE_MS = 60_000
_AT_ONCE = 100
_TRIES_MAX = 20
"""How often the same request may send units that its room refuses."""


class Needs(Struct, frozen=True):
    """What a sale needs of a merchant before it can open or be restocked, and the room's host."""

    host: str
    merchant: str
    sku: str
    units: int


class Transfer(Struct, frozen=True):
    """Units that were sent to a sale, and the id under which a script takes them."""

    transfer: str
    merchant: str
    sku: str
    units: int


class _Settled(Struct):
    sale: str


class _Answer(Struct):
    """What a script says instead of its result, if it needs units of a merchant."""

    needs: Needs | None = None


_SETTLED = msgpack.Decoder(_Settled)
_PACKED = msgpack.Decoder(Raw)
_ANSWER = msgpack.Decoder(_Answer)


class Transfers:
    """Sends units to sales, and settles what was sent. `clock` gives Unix ms."""

    def __init__(
        self, store: RoomStore, records: Database, clock: Callable[[], int] = unix_ms
    ) -> None:
        self._store = store
        self._records = records
        self._clock = clock

    async def send(self, room: str, needs: Needs) -> Transfer:
        """Reserve units of the host's allotments for a sale in a room.

        A request with a key sends once, unless what it sent was refused. Raises CommandError
        `conflict` if too few units are granted, or `unavailable`; then nothing was sent.
        """
        begin = new_id("t")
        try:
            for n in range(_TRIES_MAX):
                sent = await self._send(f"{begin}.{n}", room, needs)
                if sent is not None:
                    return sent
        except RecordsAway as away:
            raise CommandError(
                "unavailable",
                "The granted units are kept in the records, which do not answer now; nothing was "
                "changed.",
                UNAVAILABLE_RETRY_MS,
            ) from away
        raise CommandError("conflict", "This request was refused too often; send a new one.")

    async def _send(self, id_: str, room: str, needs: Needs) -> Transfer | None:
        """Send under an id; None if what was sent under it was refused, or was something else."""
        row: dict[str, Any] = {
            "transfer": id_, "room": room, "merchant": needs.merchant, "sku": needs.sku,
            "units": needs.units, "state": "sent", "life": 0, "sent": self._clock(),
        }  # fmt: skip
        async with self._records.writing() as connection:
            new = insert_into(connection, TRANSFERS).values(row).on_conflict_do_nothing()
            if (await connection.execute(new)).rowcount:
                await self._take_parts(connection, id_, room, needs)
                return Transfer(id_, needs.merchant, needs.sku, needs.units)
            asked = select(TRANSFERS).where(TRANSFERS.c.transfer == id_)
            known = (await connection.execute(asked)).mappings().one()
            wanted = ("room", "merchant", "sku", "units")
            if known["state"] == "refused" or any(known[name] != row[name] for name in wanted):
                return None
            return Transfer(id_, needs.merchant, needs.sku, needs.units)

    async def _take_parts(
        self, connection: AsyncConnection, id_: str, room: str, needs: Needs
    ) -> None:
        """Take the units of one room's allotments first, and of those that end first.

        Rows are locked by id, as everywhere: so no two transactions wait for each other.
        """
        a = ALLOTMENTS.c
        asked = (
            select(a.allotment, a.free, a.room, a.until)
            .where(a.host == needs.host, a.merchant == needs.merchant, a.sku == needs.sku)
            .where(or_(a.room == room, a.room == ""), a.until > self._clock(), a.free > 0)
            .order_by(a.allotment)
            .with_for_update()
        )
        found = (await connection.execute(asked)).all()
        left = needs.units
        for row in sorted(found, key=lambda row: (row.room == "", row.until)):
            if part := min(left, row.free):
                left -= part
                of = update(ALLOTMENTS).where(a.allotment == row.allotment)
                await connection.execute(of.values(free=a.free - part))
                part_of = {"transfer": id_, "allotment": row.allotment, "units": part}
                await connection.execute(PARTS.insert().values(part_of))
        if left:
            raise _too_few(needs, needs.units - left)

    async def settle(self, room: str, transfer: str) -> bool:
        """Ask the room whether a sale has taken a transfer; if not, none ever will, and its units
        are free again. Returns whether they are.

        Raises CommandError, RecordsAway, RedisError or OSError.
        """
        settled = await self._store.run_script(
            "allotments.settle", room, {"transfer": transfer}, _SETTLED
        )
        if settled.sale:
            return False  # the archive notes that it is taken, when it has the line that says so
        async with self._records.writing() as connection:
            return await free_refused(connection, transfer)

    async def settle_sent(self, before: int) -> int:
        """Settle what was sent before a time (ms); return how many were refused. A room that can't
        be asked stops no other."""
        refused, after = 0, ""
        while True:
            t = TRANSFERS.c
            asked = select(t.transfer, t.room).where(
                t.state == "sent", t.sent <= before, t.transfer > after
            )
            async with self._records.reading() as connection:
                page = asked.order_by(t.transfer).limit(_AT_ONCE)
                rows = (await connection.execute(page)).all()
            for transfer, room in rows:
                refused += await self._try(room, transfer)
            if len(rows) < _AT_ONCE:
                return refused
            after = rows[-1].transfer

    async def _try(self, room: str, transfer: str) -> bool:
        if await self._store.redis.hexists(self._store.keys.room(room, "room"), LEFT):
            # No room leaves while something is sent to it: the archive has it, and folds it again.
            return False
        try:
            return await self.settle(room, transfer)
        except CommandError as refused:
            if refused.code != "not_found":
                raise
            # Redis lost the room, or is another one. Units that nobody can ask for stay where they
            # are: `liveroom audit --all` names them.
            _log.debug("The transfer %s is to the room %s, which is not there.", transfer, room)
            return False

    async def free_lost(self) -> int:
        """Free what was sent to rooms that Redis lacks after it was restored from a backup; return
        how many transfers. Nobody else may use the stores meanwhile."""
        freed = 0
        asked = select(TRANSFERS.c.transfer, TRANSFERS.c.room).where(TRANSFERS.c.state == "sent")
        async with self._records.reading() as connection:
            sent = (await connection.execute(asked)).all()
        for transfer, room in sent:
            if not await self._store.redis.exists(self._store.keys.room(room, "room")):
                async with self._records.writing() as connection:
                    freed += await free_refused(connection, transfer)
        return freed

    async def open_to(self, room: str) -> int:
        """Return how many transfers to a room are not settled. Raises RecordsAway."""
        asked = select(func.count()).where(TRANSFERS.c.room == room, TRANSFERS.c.state == "sent")
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)


async def run_with_units(
    transfers: Transfers | None, store: RoomStore, script: str, room: str, args: dict[str, Any]
) -> Raw:
    """Run a script that may need units of a merchant, and return its result, packed. If it does
    need them, send them, and run it again; without `transfers` there are none.

    If it refuses them then, they are free again, at once or when the transfer is settled.
    """
    answer = await store.run_script(script, room, args, _PACKED)
    needs = _ANSWER.decode(answer).needs
    if needs is None:
        return answer
    if transfers is None:
        raise CommandError("conflict", "No merchants' goods are sold by this server.")
    sent = await transfers.send(room, needs)
    try:
        return await store.run_script(script, room, args | {"transfer": sent}, _PACKED)
    except CommandError as refused:
        if refused.code not in UNKNOWN:
            with contextlib.suppress(CommandError, RecordsAway):
                await transfers.settle(room, sent.transfer)
        raise


async def free_refused(connection: AsyncConnection, transfer: str) -> bool:
    """Note that no sale will ever take a transfer, and free its units; False if it was settled.

    Units of an allotment that is over meanwhile go home when that is next looked for.
    """
    which = TRANSFERS.c.transfer == transfer, TRANSFERS.c.state == "sent"
    done = await connection.execute(update(TRANSFERS).where(*which).values(state="refused"))
    if not done.rowcount:
        return False
    asked = select(PARTS).where(PARTS.c.transfer == transfer).order_by(PARTS.c.allotment)
    for part in (await connection.execute(asked)).all():
        of = update(ALLOTMENTS).where(ALLOTMENTS.c.allotment == part.allotment)
        await connection.execute(of.values(free=ALLOTMENTS.c.free + part.units))
    return True


def _too_few(needs: Needs, granted: int) -> CommandError:
    product = f"{needs.merchant}:{needs.sku}"
    if granted:
        msg = (
            f"Of `{product}` {granted} units are granted to you and free, and this needs "
            f"{needs.units}: take {granted} or fewer, or ask the merchant `{needs.merchant}` for "
            "more."
        )
    else:
        msg = (
            f"No units of `{product}` are granted to you and free, and this needs {needs.units}: "
            f"ask the merchant `{needs.merchant}` for them."
        )
    return CommandError("conflict", msg)


class Settling:
    """Settles lost transfers and ends allotments while the context is open, if this worker holds
    the lease. An async context manager."""

    def __init__(
        self,
        transfers: Transfers,
        allotments: Allotments,
        records: Database,
        settings: AllotmentSettings,
        worker_id: str,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._transfers = transfers
        self._allotments = allotments
        self._records = records
        self._after_ms = int(settings.settle_after_s * 1000)
        self._worker_id = worker_id
        self._clock = clock
        self._interval_s = settings.settle_interval_s
        self._repeating = Repeating("allotments", self._round, self._interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _round(self) -> None:
        now = self._clock()
        lease_ms = _LEASE_MS + int(self._interval_s * 1000)
        async with self._records.writing() as connection:
            if not await take_lease(connection, TASK, self._worker_id, now, lease_ms):
                return
        await self._transfers.settle_sent(now - self._after_ms)
        await self._allotments.end_due()
