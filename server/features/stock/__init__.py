"""Units of a sale: what is left, held and sold."""

from server.feature import Feature
from server.features.stock import messages
from server.features.stock.snapshot import StockPart

FEATURE = Feature(
    messages=messages,
    part=StockPart,
    keys={
        "sales": "hash sale -> packed fixed part of a Sale",
        "stock": (
            "hash <sale>:<counter> -> integer, counter of allocated left held sold ver; "
            "<sale>:status -> status"
        ),
        "standing": "hash sku -> its standing sale, while that is not closed",
        "prices": (
            "hash sku -> list of {sale, price, currency, from, till}, packed: at which prices it "
            "was offered here in the last 30 days, `till` 0 while it is"
        ),
        "due": "zset: <sale>:start :draw :end, or *:end for all sales, by the ms they are due",
    },
)
