"""The tables of the feed: what people did, which rooms there are, and who was shown how often."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from server.records.schema import RECORDS

ACTS = Table(
    "feed_acts",
    RECORDS,
    Column("serial", BigInteger, primary_key=True, autoincrement=False),
    Column("life", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("life", "person", "kind", "ref"),
    Index(None, "person", "at"),
    Index(None, "at"),
)
"""What people did in rooms: `watch`, `buy`, `ask`, `follow`, `unfollow`, at a time (Unix ms), in
the room `life` of a `host`. Of `buy` and `ask` the `ref` is the sku. The first of each in a room
counts; of follows the newest. `serial` rises in the order in which transactions are stored."""

ROOMS = Table(
    "feed_rooms",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", BigInteger, nullable=False),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_name", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("shown", Boolean, nullable=False),
    Index(None, "serial"),
    Index(None, "host", "life"),
)
"""Rooms as the archive has them. `shown`: everybody may find them. `serial` rises with a change."""

SERIALS = Table(
    "feed_serials",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The last serial given of acts, rooms and newcomers. A row's lock makes transactions give serials
in the order in which they are stored, so that no reader meets a smaller one later."""

LESS = Table(
    "feed_less",
    RECORDS,
    Column("person", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""Of which `host`, `tag` (as `text.folding.tag_key` has it) or `note` a person wants to see less,
since when (ms)."""

SEEN = Table(
    "feed_seen",
    RECORDS,
    Column("person", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),
)
"""How often an item was shown to a person, and when (ms) it was last."""

EXPOSURE = Table(
    "feed_exposure",
    RECORDS,
    Column("item", Text, primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Index(None, "host", "day"),
    Index(None, "day"),
)
"""How often an item of a `host` was shown on a day (days since 1970, UTC), by `place`: the code of
the reason that its row gave."""

NEWCOMERS = Table(
    "feed_newcomers",
    RECORDS,
    Column("item", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("serial", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("promised", BigInteger, nullable=False),
    Column("met", BigInteger, nullable=False),
    Index(None, "host"),
    Index(None, "serial"),
    Index(None, "began"),
)
"""Every new host and note: since when (ms) it is active, how many impressions it was promised, how
often it was shown in its first day of activity, and when (ms) it had what was promised, 0 = not
yet."""

HOURS = Table(
    "feed_hours",
    RECORDS,
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("newcomers", BigInteger, nullable=False),
)
"""By hour (hours since 1970) how many rows people were shown, and how many of them were given to
newcomers: why a promise could not be kept."""

SECRETS = Table(
    "feed_secrets",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
"""The secret by which all workers sign what they gave out, made once."""
