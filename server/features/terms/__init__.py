"""Terms: on which a host sells the goods of a merchant."""

from server.feature import Feature
from server.features.terms import messages
from server.features.terms.settings import FeeSettings

FEATURE = Feature(
    messages=messages,
    settings={FeeSettings: "accounts"},
    keys={
        "terms": "hash sku -> packed Terms of a product on the shelf that a merchant owns",
        "picked": "hash sku -> packed Picked: of what it was made, or why it was left out",
    },
)
