"""The tables of reports, and of what was reported."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from server.records.schema import RECORDS

THINGS = Table(
    "reported_things",
    RECORDS,
    Column("thing", Text, primary_key=True),
    Column("about", Text, nullable=False),
    Column("room", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("said", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("decided", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("of_desk", Boolean, nullable=False),
    Column("at_desk", Boolean, nullable=False),
    Column("of_note", Text, nullable=False, server_default=""),
    Index(None, "open", "count", "opened"),
    Index(None, "open", "opened", "thing"),
    Index(None, "room", "open"),
    Index(None, "user", "opened"),
    Index(None, "decided"),
    Index(None, "host", "at_desk", "count"),
)
"""What was reported, once, as it stood then: `thing` is made of what it is about, room and `ref`,
the id of the comment, user, sku, review or note. `user` answers for it: the author, the user, the
host. `of_note`: the note on which a `note_comment` stands; its author is the `host`. `text` are the
words (of a user: their latest comments), from `said`. `count` reports came since it was `opened`,
the last at `last`. `outcome`, `note` and `by` are the last decision, from `decided`. `of_desk`:
host and moderators of the room, or the note's author, may settle it; `at_desk`: it waits for them.
Times in Unix ms; what does not apply is empty or 0."""

REPORTS = Table(
    "reports",
    RECORDS,
    Column("thing", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "user", "at"),
    Index(None, "kind", "thing"),
)
"""The newest report of each `user` about a thing, with their words. Those from before the thing was
last opened count no more."""
