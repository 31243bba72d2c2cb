"""The tables of ties: what users said about hosts, rooms and coupons."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from server.records.schema import RECORDS

TIES = Table(
    "ties",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("on", Boolean, nullable=False),
    Index(None, "user", "kind", "ref", "at"),
)
"""Each change, on or off, at a time (Unix ms), made in the room `life`. By `kind` the `ref` is: of
`follow` and `member` the host, of `reserve` the room, of `claim` the claim's id. The newest change
counts: of two rooms of a host, either may be copied first."""

CLAIMS = Table(
    "claimed_coupons",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("claim", Text, primary_key=True),
    Column("coupon", Text, nullable=False),
)
"""Of which coupon each claim is."""

COUPONS = Table(
    "opened_coupons",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("coupon", Text, primary_key=True),
    Column("terms", LargeBinary, nullable=False),
)
"""What a coupon promises, packed as the ledger has it."""
