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
    false,
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
    Column("host_name", Text, nullable=False, server_default=""),
    Column("draft", Boolean, nullable=False, server_default=false()),
    Column("cancelled", Boolean, nullable=False, server_default=false()),
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

SET_ASIDE = Table(
    "archive_set_aside",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("projection", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("ms", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("why", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("tried", BigInteger, nullable=False),
    Index(None, "projection"),
)
"""The rows that a projection could not fold: entries of the archive, where they stay whole, and
heads of rooms (`stream` is `HEAD`, `ms` and `n` are 0). `why` is a sentence; `since` is when it was
set aside and `tried` when it was tried last (ms)."""

WHOLE = 2**62
"""Above every room's number."""
