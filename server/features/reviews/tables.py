"""The tables of reviews, and of what a product carries on."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from server.records.schema import RECORDS

REVIEWS = Table(
    "reviews",
    RECORDS,
    Column("review", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("order", Text, nullable=False),
    Column("sale", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("goods", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("pictures", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered", BigInteger, nullable=False),
    Column("hidden", Text, nullable=False),
    Index(None, "host", "sku", "at", "review"),
    Index(None, "merchant", "goods", "at", "review"),
    Index(None, "user", "at"),
    Index(None, "host", "at", "review"),
    Index(None, "hidden", "at"),
)
"""What buyers say of lines of their orders, one a line: `review` is made of room, order and sale.

`merchant` and `goods` are of the line; both empty: the host's own product `sku`. `pictures` are
packed links. Times in Unix ms; `changed` and `answered` are 0 until then. `hidden` is the
operator's reason, empty while everybody sees it."""

CARRIED = Table(
    "reviewed_products",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("sku", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("goods", Text, nullable=False),
    Column("replaces", Text, nullable=False),
    Index(None, "host", "sku", "life"),
)
"""Of products that were on a shelf: whose goods they are, or which sku of the host they replace.
Products of which neither is known are not here."""
