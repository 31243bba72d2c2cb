"""The tables of webhooks."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, UniqueConstraint

from server.records.schema import RECORDS

ENDPOINTS = Table(
    "webhook_endpoints",
    RECORDS,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("old_secret", Text, nullable=False),
    Column("old_until", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("ok_at", BigInteger, nullable=False),
)
"""Where events are told. Times in Unix ms; `kinds` with spaces between, empty for all; the old
secret signs too until `old_until`; `ok_at` is when an event was last taken, 0 if never."""

PLACES = Table(
    "webhook_places",
    RECORDS,
    Column("endpoint", Text, primary_key=True),
    Column("room", Text, primary_key=True),
    Column("made", BigInteger, primary_key=True, autoincrement=False),
    Column("life", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", Boolean, nullable=False),
    Column("waits_since", BigInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("failing_since", BigInteger, nullable=False),
    Column("again_at", BigInteger, nullable=False),
    Column("away", Boolean, nullable=False),
    Index(None, "endpoint", "due", "again_at"),
    Index(None, "life"),
    Index(None, "room"),
)
"""How far an endpoint is told a room: the ledger's lines up to `n`, of those that are archived, up
to `last`. It is `due` while lines wait, the first since `waits_since`. A replay puts `n` back: of
the lines up to `highest`, those before `since` are left out. `tries` posts of the next line failed,
since `failing_since`; `away` says that the last got no answer, or one that asks to wait. Times in
Unix ms."""

DELIVERIES = Table(
    "webhook_deliveries",
    RECORDS,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("latency_ms", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("endpoint", "event"),
    Index(None, "endpoint", "id"),
    Index(None, "at"),
    Index(None, "room"),
)
"""What became of each event at each endpoint. It names no user."""
