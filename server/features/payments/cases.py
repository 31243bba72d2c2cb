"""Cases: what a provider tells of a payment that a person must look into."""

import logging
from typing import Any

from msgspec import Struct, msgpack
from sqlalchemy import ColumnElement, select, tuple_

from server.features.payments.tables import CASES
from server.records.database import Database
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)


class Case(Struct, frozen=True, omit_defaults=True):
    """Something about a payment that a person must look into. `at` in Unix ms.

    `what` is `unasked_refund` (the provider gave back what nobody owed), `disputed` (the buyer went
    to their bank), `dispute_won` or `dispute_lost` (the bank decided for the seller, or the buyer)
    or `failed` (a payment was declined). `amount` is what it is about.
    """

    case: str
    what: str
    at: int
    order: str
    payment: str
    amount: int
    currency: str
    reason: str = ""


class RoomCase(Case, frozen=True, kw_only=True, omit_defaults=True):
    """A case, and where it happened."""

    room: str
    host: str


class CasesPage(Struct):
    """Cases, the newest first. `next` is the `cursor` of the following page."""

    cases: list[RoomCase]
    next: str | None = None


_CASE = msgpack.Decoder(Case)


class Cases:
    """Notes cases in their rooms."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def note(self, room_id: str, what: str, told_id: str, told: dict[str, Any]) -> Case:
        """Note a case once, and log it. `told` has `order` `payment` `amount` `currency` and
        perhaps a `reason`. Raises CommandError."""
        args = {"case": f"{what}:{told_id}", "what": what} | told
        case = await self._store.run_script("payments.note_case", room_id, args, _CASE)
        log_case(room_id, case.what, case.order, case.payment)
        return case


class CaseBook:
    """Reads the cases of all rooms from the records."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def page(self, host: str | None, cursor: str, limit: int) -> CasesPage:
        """A page of the cases of a host's rooms, or of all. Raises RecordsAway."""
        which: list[ColumnElement[bool]] = [] if host is None else [CASES.c.host == host]
        place = CASES.c.at, CASES.c.case, CASES.c.life
        if cursor:
            at, life, case = cursor.split("-", 2)
            which.append(tuple_(*place) < (int(at), case, int(life)))
        asked = select(CASES).where(*which).order_by(*(column.desc() for column in place))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit + 1))).mappings().all()
        page = rows[:limit]
        last = page[-1] if len(rows) > limit else None
        after = f"{last['at']}-{last['life']}-{last['case']}" if last else None
        return CasesPage([_case(dict(row)) for row in page], after)


def log_case(room_id: str, what: str, order: str, payment: str) -> None:
    """Tell the operator's log of a case."""
    words = what.replace("_", " ")
    _log.warning(
        "Case: %s, payment %s of order %s in room %s. GET /v1/cases lists all.",
        words, payment, order, room_id,
    )  # fmt: skip


def _case(row: dict[str, Any]) -> RoomCase:
    del row["life"]
    return RoomCase(**row)
