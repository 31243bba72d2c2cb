"""The table of cases."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from server.records.schema import RECORDS

CASES = Table(
    "payment_cases",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("case", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("order", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "at", "case", "life"),
    Index(None, "host", "at"),
)
"""What a person must look into, see `cases.Case`. Times in Unix ms, money in minor units."""
