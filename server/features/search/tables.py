"""The tables of the search.

Beside them each engine has its own index of words, `search_index` (see `index`): it is no table
that SQLAlchemy can describe.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql

from server.records.schema import RECORDS


def _binary() -> Text:
    """A text in binary order, whatever the database's language is: prefixes are ranges."""
    return Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


ROOMS = Table(
    "search_rooms",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("host_name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("scheduled", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("shown", Boolean, nullable=False),
    Index(None, "host", "life"),
)
"""The rooms that the documents belong to. `shown`: everybody may find them."""

DOCUMENTS = Table(
    "search_documents",
    RECORDS,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("life", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ref", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("price", BigInteger),
    Column("currency", Text, nullable=False),
    Column("image", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("second", BigInteger),
    Column("title_words", Text, nullable=False),
    Column("text_words", Text, nullable=False),
    Column("indexed", Boolean, nullable=False),
    Column("host", Text, nullable=False, server_default=""),
    Column("host_name", Text, nullable=False, server_default=""),
    UniqueConstraint("life", "kind", "ref"),
    Index(None, "kind", "ref"),
)
"""What can be found. `id` rises with each change, so the newest come last; `ref` names it within
its room. `title_words` and `text_words` are what the index holds of it, if `indexed`. Of a note,
`life` is 0, and `host` and `host_name` are its author; elsewhere these two are empty."""

WORDS = Table(
    "search_words",
    RECORDS,
    Column("word", _binary(), primary_key=True),
    Column("documents", BigInteger, nullable=False),
)
"""In how many indexed documents each word is. The empty word: how many there are."""

TYPOS = Table(
    "search_typos",
    RECORDS,
    Column("variant", _binary(), primary_key=True),
    Column("word", _binary(), primary_key=True),
    sqlite_with_rowid=False,
)
"""Words by what is left of them without one letter, and by themselves."""
