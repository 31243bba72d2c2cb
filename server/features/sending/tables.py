"""The tables of sending: where orders go, what is still to be sent, and the parcels."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from server.records.schema import RECORDS

DELIVERIES = Table(
    "deliveries",
    RECORDS,
    Column("room", Text, primary_key=True),
    Column("order", Text, primary_key=True),
    Column("user", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("address", LargeBinary, nullable=False),
    Column("deliver", Text, nullable=False),
    Index(None, "user"),
    Index(None, "at"),
)
"""Where an order goes, frozen at `at` (Unix ms): `address` is a packed Address, or empty where
`deliver` is the shop's own reference. It stands nowhere else: not in the room, its ledger or
archive, so that it is gone when its row is."""

CONSIGNMENTS = Table(
    "consignments",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("merchant", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Index(None, "host", "merchant", "state", "paid", "order"),
    Index(None, "merchant", "state", "paid", "order"),
)
"""What one sender has to send of a paid order. `merchant` is empty where the host sends. `state` is
`to_send` while units are left, then `sent`, `delivered`, or `none` if nothing ever went."""

PARCELS = Table(
    "parcels",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("parcel", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Index(None, "parcel"),
)
"""Which orders are in a parcel; what else is known of it stands in the orders."""
