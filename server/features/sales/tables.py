"""The table of prices, kept from what the archive copies."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from server.records.schema import RECORDS

PRICES = Table(
    "offered_prices",
    RECORDS,
    Column("life", BigInteger, primary_key=True, autoincrement=False),
    Column("sale", Text, primary_key=True),
    Column("since", BigInteger, primary_key=True, autoincrement=False),
    Column("host", Text, nullable=False),
    Column("sku", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("till", BigInteger, nullable=False),
    Index(None, "host", "sku", "till"),
)
"""At which price a sale offered its sku, from `since` till `till` (Unix ms, 0: it still does)."""
