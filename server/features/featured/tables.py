"""The table of featured slots."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from server.records.schema import RECORDS

SLOTS = Table(
    "featured_slots",
    RECORDS,
    Column("slot", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Index(None, "ends"),
    Index(None, "starts", "slot"),
    Index(None, "host", "starts"),
)
"""A room or a note that an operator put in front, from `starts` to `ends` (Unix ms): in the feed,
or on a topic's page. `dropped` is when it was taken back, 0 if it was not; such a row stays."""
