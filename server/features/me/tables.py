"""The table of address books."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text

from server.records.schema import RECORDS

BOOKS = Table(
    "address_books",
    RECORDS,
    Column("user", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("changed", BigInteger, nullable=False),
)
"""A user's few addresses, packed in one row, so that two changes at once can't pass the limit."""
