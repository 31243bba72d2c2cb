"""The tables of purchases: orders over all rooms."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from server.records.schema import RECORDS

PURCHASES = Table(
    "purchases",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("room", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("off", BigInteger, nullable=False),
    Column("back", BigInteger, nullable=False, server_default="0"),
    Column("return_due", BigInteger, nullable=False, server_default="0"),
    Column("units", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("practice", Boolean, nullable=False),
    Column("group", Boolean, nullable=False),
    Column("replay", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("coupon", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "place", unique=True),
    Index(None, "user", "created", "order"),
    Index(None, "host", "created", "order"),
    Index(None, "host", "user", "created"),
    Index(None, "host", "return_due"),
)
"""An order as it is now. Times in Unix ms, money in minor units; `paid` is 0 until it is paid, and
stays when it is returned. `back` is the part of `total` that went back or is to go. `return_due` is
until when the buyer's request to give units back can be answered, 0 without an open one. `place`
rises with every change of any order. `body` is the packed Order.
"""

LINES = Table(
    "purchase_lines",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("order", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("sale", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("qty", BigInteger, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("merchant", Text, nullable=False, server_default=""),
    Column("goods", Text, nullable=False, server_default=""),
    Column("returned", BigInteger, nullable=False, server_default="0"),
    Index(None, "merchant", "goods", "life"),
)
"""The lines of the orders: units and the price of one, frozen when it was bought. `merchant` and
`goods` are of a line that a host sold for a merchant; `returned` of its units came back."""

PLACES = Table(
    "purchase_places",
    RECORDS,
    Column("name", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""The last `place` that was given, in one row. Its lock makes transactions give places in the order
in which they are stored, so that no reader meets a smaller place later."""

REVENUE = Table(
    "revenue_days",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("currency", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("orders", BigInteger, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("gross", BigInteger, nullable=False),
    Column("off", BigInteger, nullable=False),
    Column("returned_orders", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
    Index(None, "day", "host"),
    Index(None, "host", "day"),
)
"""Sold orders of a room by the day they were placed (days since 1970, UTC). Practice has none."""
