"""The tables of what hosts learn."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text

from server.records.schema import RECORDS

ARRIVALS = Table(
    "insight_arrivals",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("user", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ref", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("host", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("guest", Boolean, nullable=False),
    Index(None, "host", "kind", "at"),
    Index(None, "at"),
)
"""Who came to a room from a note or a search, once an hour. `ref` is the note, or the query of
`searched_days`; `at` the first arrival (Unix ms), `hour` its hour since 1970."""

PRESENCE = Table(
    "insight_presence",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("host", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("at_host", Boolean, nullable=False),
    Index(None, "host", "hour"),
    Index(None, "hour"),
)
"""In which hours (since 1970) a follower of `host` came into a room; `at_host`: into the host's."""

ASKERS = Table(
    "insight_askers",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("user", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("asks", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "host", "at"),
    Index(None, "at"),
)
"""Who asked for the link of a product, how often, and when last (Unix ms)."""

QUESTIONS = Table(
    "insight_questions",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("question", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "host", "at"),
    Index(None, "at"),
)
"""What was asked in a room, and by how many."""

SEARCHES = Table(
    "searched_days",
    RECORDS,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("query", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("searches", BigInteger, nullable=False),
    Column("empty", BigInteger, nullable=False),
    Index(None, "query", "day"),
)
"""How often something was searched for on a day (days since the year 1, in the zone of the
settings), and how often nothing was found. No row says who."""

SEARCHED_WEEKS = Table(
    "searched_weeks",
    RECORDS,
    Column("week", BigInteger, primary_key=True, autoincrement=False),
    Column("query", Text, primary_key=True),
    Column("people", BigInteger, nullable=False),
)
"""By how many different people, in a week that begins on a day; those who did not sign in count as
one."""

SEARCHERS = Table(
    "searched_people",
    RECORDS,
    Column("week", BigInteger, primary_key=True, autoincrement=False),
    Column("query", Text, primary_key=True),
    Column("person", LargeBinary, primary_key=True),
)
"""Whom `people` has counted: a keyed digest, whose key and rows go when the week is over."""

SECRETS = Table(
    "insight_secrets",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
)
"""The keys of the digests of a week (`week <day>`), and of the ids of searches (`marks`)."""
