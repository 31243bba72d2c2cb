"""The tables of topics."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from server.records.schema import RECORDS

TOPICS = Table(
    "topics",
    RECORDS,
    Column("topic", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Index(None, "starts", "topic"),
)
"""A theme with its dates (Unix ms). `shown`: everybody may see it; `by` changed it last."""

THINGS = Table(
    "topic_things",
    RECORDS,
    Column("topic", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Index(None, "kind", "ref"),
)
"""What a topic shows, in order: rooms and notes by their ids."""
