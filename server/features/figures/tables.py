"""The table of what is known of each stream's goods."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from server.records.schema import RECORDS

STREAM_GOODS = Table(
    "stream_goods",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("format", Integer, nullable=False),
    Column("as_of", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""The goods of an archived room, packed. `as_of` names the last entries they were made of; `format`
rises with the definitions of the numbers; `at` is when they were made (ms)."""
