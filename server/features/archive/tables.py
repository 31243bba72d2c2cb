"""The tables of the archive."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from server.records.schema import RECORDS

ROOMS = Table(
    "archived_rooms",
    RECORDS,
    Column("life", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("scheduled", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("practice", Boolean, nullable=False),
    UniqueConstraint("room", "made"),
    Index(None, "host", "made"),
)
"""A room with what was true of it at its last copy. `life` numbers rooms: an id that is created
again after Redis lost it is another room."""

POSITIONS = Table(
    "archive_positions",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", Text, primary_key=True),
    Column("ms", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""The last copied entry of a stream, a digest of it, how many are copied, and when (ms)."""

ENTRIES = Table(
    "archived_entries",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", Text, primary_key=True),
    Column("ms", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The entries as they stood in Redis: their field `e`."""

PROJECTIONS = Table(
    "archive_projections",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("life", BigInteger, nullable=False),
)
"""Which version of each projection the tables hold, and up to which room while it is made again;
`WHOLE` when it is complete."""

WHOLE = 2**62
"""Above every room's number."""
