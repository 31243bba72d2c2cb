"""The ledger: every change of an order, a coupon or an allocation, line after line."""

from server.feature import Feature

FEATURE = Feature(
    keys={
        "ledger": "stream: every change of an order or of an allocation, append-only",
        "stats": "hash: totals, a fold of the ledger",
        "once": (
            "hash <bytes in user>:<user>/<key> -> <digest> <order>; "
            "claim/<bytes in user>:<user>/<key> -> <claim> <coupon>; "
            "return/<bytes in user>:<user>/<key> -> <digest> <order>; "
            "wait/<bytes in user>:<user>/<key> -> <digest> <sale>; restock/<nonce> -> sale"
        ),
    },
    archived=("ledger",),
    people={"once": "<kind><sized user>/<rest>"},
)
