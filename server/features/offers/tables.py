"""The tables of offers: what merchants offer, what hosts picked, what both asked each other."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from server.records.schema import RECORDS

OFFERS = Table(
    "offers",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("offer", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("goods", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("open_to", Text, nullable=False),
    Column("commission", Integer, nullable=False),
    Column("discount", Integer, nullable=False),
    Column("coupon", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Index(None, "state", "ends"),
    Index(None, "merchant", "goods"),
)
"""Goods that a merchant offers to hosts. `state` is `open` or `closed`, `open_to` is `all` or
`invited`. Shares in basis points, times in Unix ms. `version` rises with each change."""

PICKS = Table(
    "picks",
    RECORDS,
    Column("pick", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("goods", Text, nullable=False),
    Column("commission", Integer, nullable=False),
    Column("fee", Integer, nullable=False),
    Column("discount", Integer, nullable=False),
    Column("coupon", Text, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("picked", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    UniqueConstraint("host", "merchant", "offer"),
    Index(None, "merchant", "offer"),
)
"""A host's pick of an offer, with the terms as they were at `picked` (ms): what becomes of the
offer changes nothing here. `dropped` is when the host let it go, 0 before that."""

REQUESTS = Table(
    "offer_requests",
    RECORDS,
    Column("request", Text, primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("goods", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("asked", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Index(None, "merchant", "host", "kind", "asked"),
    Index(None, "merchant", "changed", "request"),
    Index(None, "host", "changed", "request"),
)
"""What a host asked of a merchant (`ask`), or a merchant of a host (`invite`). `status` is `asked`,
`accepted`, `declined` or `withdrawn`. Empty texts and 0 are what it is not about. An offer that is
open to the invited is open to a host with an invitation that was neither declined nor withdrawn, or
with a wish for it that was accepted."""

SOLD = Table(
    "sold_goods",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant", Text, primary_key=True),
    Column("goods", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("placed", BigInteger, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Index(None, "merchant", "goods", "host"),
    Index(None, "host", "merchant", "goods"),
)
"""What a room sold of a merchant's goods: `placed` orders that are held no more, how many of these
were paid (`orders`), the `units` in them, and how many came back. Practice has none."""

BUYERS = Table(
    "goods_buyers",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("merchant", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Index(None, "host", "user"),
    Index(None, "user", "merchant", "host"),
    Index(None, "merchant", "user", "host"),
)
"""Who paid in a room for goods of a merchant; of none, for the host's own."""
