"""The table of the operator's log: who did what, in rooms and outside them."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from server.records.schema import RECORDS

MODERATION_LOG = Table(
    "moderation_log",
    RECORDS,
    Column("id", Text, primary_key=True),
    Column("life", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("details", LargeBinary, nullable=False),
    Index(None, "at", "id"),
    Index(None, "by", "at", "id"),
    Index(None, "user", "at"),
    Index(None, "room", "at"),
    Index(None, "life"),
)
"""One act a row. `life` is the room's number in the archive, of whose facts the row is folded; 0:
it was written here when it was done, outside rooms. `by` did `what` at a time (Unix ms) to `user`,
or to the thing with the id `ref`; `details` are a packed map. What does not apply is empty."""
