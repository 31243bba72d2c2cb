"""The tables of merchants, their members, goods and variants."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from server.records.schema import RECORDS

MERCHANTS = Table(
    "merchants",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("fee", Integer),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
)
"""Who owns goods. `state` is `active` or `paused`: the goods of a paused merchant can't be picked,
and no units are granted. `fee` is the platform's share in basis points where it is not the
setting's. Times in Unix ms."""

MEMBERS = Table(
    "merchant_members",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("added", BigInteger, nullable=False),
    Index(None, "user"),
)
"""The users who act for a merchant: `owner` or `staff`; owners change the members too."""

GOODS = Table(
    "goods",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("goods", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("folded", Text, nullable=False, server_default=""),
    Index(None, "merchant", "changed", "goods"),
)
"""What a merchant sells. `state` is `active` or `withdrawn`. `version` rises with every change.
`tags` stand between spaces. `body` is the packed GoodsRest. In `folded` a merchant's search looks:
title, id, skus and tags as `text.folding.folded` has them."""

VARIANTS = Table(
    "variants",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("goods", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "merchant", "goods", "n"),
)
"""The variants of goods, in the order `n`; price of one unit in minor units. `body` is the packed
VariantRest: options such as size and colour, picture, weight."""

UNITS = Table(
    "variant_units",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("stock", BigInteger, nullable=False),
    Column("allotted", BigInteger, nullable=False),
    Column("sold", BigInteger, nullable=False),
    Column("returned", BigInteger, nullable=False),
)
"""Where the units of a variant are: `stock + allotted + sold + returned == received`, always.

`stock` is with the merchant and free, `allotted` is granted to hosts (waiting, on sale or held
there), `sold` is paid, `returned` came back and is not for sale again. A merchant changes
`received` and `stock` by the same number."""

STOCK_CHANGES = Table(
    "stock_changes",
    RECORDS,
    Column("merchant", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("sku", Text, primary_key=True),
    Column("asked", Text, nullable=False),
    Column("add", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("stock", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What a merchant changed about the units of a sku, once a key: `add` units came (or left), after
which `received` and `stock` were these. The sum of `add` is `received`. `asked` is the request, by
which another one with the same key is told. Keys that begin with `/` are the server's own."""
