"""Parcels as CSV: what is to be sent goes out, with two columns to fill in, and comes back."""

import csv
import io
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct, ValidationError, convert

from server.features.sending.parcels import (
    ORDERS_MAX,
    OrderToSend,
    ParcelBody,
    Parcels,
    Tracking,
    UnitsToSend,
)
from server.features.sending.sender import Sender
from server.features.sending.to_send import Consignment, ToSend
from server.protocol.codes import CommandError
from server.protocol.fields import Id, Qty, RoomId
from server.protocol.input import Input
from server.web.csv_rows import read_text, rows, text, utc

ROWS_MAX = 2000
"""Rows of one import."""
ERRORS_SHOWN_MAX = 100
COLUMNS = (
    "room", "order", "sale", "sku", "title", "qty", "paid", "asked_back", "name", "country",
    "region", "city", "postcode", "lines", "phone", "deliver", "carrier", "tracking", "delivered",
)  # fmt: skip
_NEEDED = ("room", "order")
_YES = frozenset(("1", "yes", "true", "x", "oui", "是"))
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\u2212")


class RefusedRow(Struct, frozen=True):
    """Why a row of an import changed nothing; the header is row 1."""

    row: int
    code: str
    msg: str


class TakenParcels(Struct):
    """What became of an import: how many rows were sent and delivered, and which were refused, the
    first hundred with the reason."""

    rows: int
    sent: int
    delivered: int
    refused: int
    errors: list[RefusedRow]


class ParcelRow(Input, frozen=True):
    """An order that goes into the parcel of a carrier and number, or of it `qty` units of a `sale`;
    or, with `delivered`, whose parcels came."""

    room: RoomId
    order: Id
    carrier: Annotated[str, Meta(max_length=40)] = ""
    tracking: Tracking = ""
    sale: Id | None = None
    qty: Qty | None = None
    delivered: bool = False


ParcelRows = Annotated[list[ParcelRow], Meta(min_length=1, max_length=ROWS_MAX)]


class _Row(Struct):
    """A row under its number."""

    number: int
    order: OrderToSend
    carrier: str
    tracking: str
    delivered: bool


async def csv_to_send(to_send: ToSend, sender: Sender, *, with_places: bool) -> AsyncIterator[str]:
    """Yield all that a sender has to send as CSV, a row a line of an order."""
    yield rows([COLUMNS])
    async for page in to_send.pages(sender, with_places=with_places):
        yield rows(row for each in page for row in _rows_of(each))


class ParcelImport:
    """Sends what a CSV says. Rows of one carrier and number are one parcel."""

    def __init__(self, parcels: Parcels) -> None:
        self._parcels = parcels

    async def take_csv(self, sender: Sender, body: bytes) -> TakenParcels:
        """Send, and deliver, row by row. A file that can't be read changes nothing: CommandError.
        What was sent stays sent, and the same file again changes nothing more."""
        return await self._take(sender, *_read(body))

    async def take(self, sender: Sender, rows: Sequence[ParcelRow]) -> TakenParcels:
        """The same of rows that are numbered from 1."""
        found: list[_Row] = []
        errors: list[RefusedRow] = []
        for number, row in enumerate(rows, 1):
            try:
                found.append(_checked(number, row))
            except ValueError as why:
                errors.append(RefusedRow(number, "bad_message", str(why)))
        return await self._take(sender, found, errors)

    async def _take(
        self, sender: Sender, found: list[_Row], errors: list[RefusedRow]
    ) -> TakenParcels:
        sent = [row for row in found if row.carrier]
        refused = await self._send(sender, sent)
        delivered = [row for row in found if row.delivered and row.number not in refused]
        refused |= await self._deliver(sender, delivered)
        errors += [RefusedRow(n, error.code, error.msg) for n, error in refused.items()]
        errors.sort(key=lambda error: error.row)
        return TakenParcels(
            rows=len(found) + len(errors) - len(refused),
            sent=sum(row.number not in refused for row in sent),
            delivered=sum(row.number not in refused for row in delivered),
            refused=len(errors), errors=errors[:ERRORS_SHOWN_MAX],
        )  # fmt: skip

    async def _send(self, sender: Sender, found: Sequence[_Row]) -> dict[int, CommandError]:
        groups: dict[tuple[str, ...], list[_Row]] = {}
        for row in found:
            alone = () if row.tracking else (str(row.number),)
            groups.setdefault((row.carrier, row.tracking, *alone), []).append(row)
        refused: dict[int, CommandError] = {}
        bodies, rows_of = [], []
        for group in groups.values():
            orders = _orders_of(group)
            if len(orders) > ORDERS_MAX:
                error = CommandError("limit_reached", f"A parcel holds {ORDERS_MAX} orders.")
                refused |= {row.number: error for row in group}
            else:
                bodies.append(ParcelBody(group[0].carrier, orders, group[0].tracking))
                rows_of.append(group)
        outcomes = await self._parcels.send_all(sender, bodies)
        for group, outcome in zip(rows_of, outcomes, strict=True):
            if isinstance(outcome, CommandError):
                refused |= {row.number: outcome for row in group}
        return refused

    async def _deliver(self, sender: Sender, found: Sequence[_Row]) -> dict[int, CommandError]:
        refused: dict[int, CommandError] = {}
        of_room: dict[str, list[_Row]] = {}
        for row in found:
            of_room.setdefault(row.order.room, []).append(row)
        for room, group in of_room.items():
            ids = [row.order.order for row in group]
            try:
                outcomes = await self._parcels.deliver_many(sender, room, ids)
            except CommandError as error:
                refused |= {row.number: error for row in group}
                continue
            for row, outcome in zip(group, outcomes, strict=True):
                if isinstance(outcome, CommandError):
                    refused[row.number] = outcome
        return refused


def _rows_of(each: Consignment) -> list[tuple[object, ...]]:
    at = each.delivery and each.delivery.address
    where = (
        (at.country, text(at.region), text(at.city), text(at.postcode), text(", ".join(at.lines)),
         text(at.phone))
        if at
        else ("",) * 6
    )  # fmt: skip
    name = at.name if at else each.name
    return [
        (
            each.room, each.order, line.sale, text(line.sku), text(line.title), line.qty,
            utc(each.paid), "yes" if each.asked_back else "", text(name), *where,
            text(each.delivery.deliver if each.delivery else ""), "", "", "",
        )
        for line in each.lines
    ]  # fmt: skip


def _orders_of(group: Sequence[_Row]) -> list[OrderToSend]:
    """The orders of a parcel, each once; of rows with a sale these lines alone."""
    found: dict[tuple[str, str], OrderToSend] = {}
    for row in group:
        key = row.order.room, row.order.order
        known = found.get(key)
        if known is None or row.order.lines is None or known.lines is None:
            found[key] = row.order if known is None else OrderToSend(*key)
        else:
            found[key] = OrderToSend(*key, lines=[*known.lines, *row.order.lines])
    return list(found.values())


def _read(body: bytes) -> tuple[list[_Row], list[RefusedRow]]:
    """The rows of a CSV, and which can't be understood. Raises CommandError."""
    reader = csv.reader(io.StringIO(_decoded(body), newline=""), strict=True)
    found: list[_Row] = []
    errors: list[RefusedRow] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _must_have(header)
        for number, cells in enumerate(reader, 2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(found) + len(errors) >= ROWS_MAX:
                raise CommandError("limit_reached", f"A file can have {ROWS_MAX} rows; send two.")
            try:
                row = _row_of(number, dict(zip(header, map(_plain, cells), strict=False)))
            except ValueError as why:
                errors.append(RefusedRow(number, "bad_message", str(why)))
            else:
                found.append(row)
    except csv.Error as why:
        raise CommandError(
            "bad_message", f"The file is no CSV: row {reader.line_num}: {why}."
        ) from None
    return found, errors


def _decoded(body: bytes) -> str:
    is_utf16 = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    try:
        found = body.decode(encoding)
    except UnicodeDecodeError:
        raise CommandError(
            "bad_message", "The file is not UTF-8; save it as `CSV UTF-8`, and send that."
        ) from None
    if "\x00" in found:
        raise CommandError("bad_message", "The file is no CSV: it has zero bytes.")
    return found


def _must_have(header: Sequence[str]) -> None:
    if missing := [name for name in _NEEDED if name not in header]:
        raise CommandError(
            "bad_message",
            f"The first row lacks the column `{missing[0]}`; begin with the file of what is to be "
            "sent, and fill in `carrier` and `tracking`.",
        )
    if unknown := [name for name in header if name and name not in COLUMNS]:
        raise CommandError("bad_message", f"Nobody knows the column `{unknown[0][:40]}`.")


def _plain(cell: str) -> str:
    return read_text(cell.strip())


def _row_of(number: int, cells: Mapping[str, str]) -> _Row:
    """The row that cells tell. Raises ValueError with a sentence."""
    fields: dict[str, object] = {
        name: cells[name]
        for name in ("room", "order", "carrier", "tracking", "sale")
        if cells.get(name)
    }
    fields["delivered"] = cells.get("delivered", "").lower() in _YES
    if qty := cells.get("qty"):
        if not (qty.isascii() and qty.isdigit()):
            raise ValueError(f"`qty` is {qty[:20]!r}, and must be a whole number.")
        fields["qty"] = int(qty)
    try:
        return _checked(number, convert(fields, ParcelRow))
    except ValidationError as why:
        raise ValueError(f"The row can't be read: {why}.") from None


def _checked(number: int, row: ParcelRow) -> _Row:
    """The row under its number. Raises ValueError with a sentence."""
    for name, value in (("carrier", row.carrier), ("tracking", row.tracking)):
        if value.startswith(_FORMULA):
            raise ValueError(f"`{name}` is a formula; write the text itself.")
    if _ROUNDED.fullmatch(row.tracking):
        raise ValueError(
            f"`tracking` is {row.tracking}: the spreadsheet has rounded the number; format that "
            "column as text, and write it again."
        )
    if not row.carrier and not row.delivered:
        raise ValueError("`carrier` is empty, and `delivered` is not `yes`: nothing to do.")
    lines = [UnitsToSend(row.sale, row.qty)] if row.carrier and row.sale and row.qty else None
    order = OrderToSend(row.room, row.order, lines)
    return _Row(number, order, row.carrier, row.tracking, row.delivered)
