"""The tables of allotments, of the transfers to sales, and of what became of the units there."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from server.records.schema import RECORDS

_FREE = text("free > 0")

ALLOTMENTS = Table(
    "allotments",
    RECORDS,
    Column("allotment", Text, primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("granted", BigInteger, nullable=False),
    Column("free", BigInteger, nullable=False),
    Column("home", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Index(None, "merchant", "created", "allotment"),
    Index(None, "host", "created", "allotment"),
    Index("ix_allotments_ending", "until", sqlite_where=_FREE, postgresql_where=_FREE),
)
"""Units of a sku that a merchant grants a host, for one room or ('') for all, until a time (ms).

Of the units `granted` so far, `free` wait for a sale and `home` went back to the merchant without
having been in one. The others were sent to sales: `granted == free + home + sent`, where `sent`
adds up its parts of transfers that are not refused."""

TRANSFERS = Table(
    "transfers",
    RECORDS,
    Column("transfer", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("life", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Index(None, "state", "transfer"),
    Index(None, "room", "state"),
    Index(None, "life"),
    Index(None, "merchant", "sku"),
)
"""Units on their way from allotments to a sale, since `sent` (ms).

`state` is `sent` until the archive has the line of the ledger that took them: then it is `taken`,
and `life` is the number of the room. It is `refused` when the room said that no sale will ever take
them."""

PARTS = Table(
    "transfer_parts",
    RECORDS,
    Column("transfer", Text, primary_key=True),
    Column("allotment", Text, primary_key=True),
    Column("units", BigInteger, nullable=False),
    Index(None, "allotment"),
)
"""From which allotments the units of a transfer come."""

MOVES = Table(
    "unit_moves",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("sale", Text, primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("given", BigInteger, nullable=False),
    Column("sold", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Column("home", BigInteger, nullable=False),
    Index(None, "merchant", "sku"),
)
"""What became of a merchant's units in a sale, as the archived ledger tells it: `given` to it,
`sold` (and not back), `returned` and not for sale again, gone `home`. The others are still there.

`variant_units` has moved by just these numbers, so a row that is cleared is moved back. The rows of
a room that was deleted stay, under its number below zero."""
