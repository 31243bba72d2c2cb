"""The bounded types of fields in commands and nouns: ids, money, texts, times."""

from typing import Annotated, Literal

from msgspec import Meta

# In Python `$` also matches before a newline at the end; `(?!\n)` prevents that.
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:@-]+$(?!\n)")]
# An id may not be `.` or `..`: browsers and proxies remove such a segment from a path.
RoomId = Annotated[
    str,
    Meta(min_length=1, max_length=64, pattern=r"^(?!\.\.?$)[A-Za-z0-9_.:@-]+$(?!\n)"),
]
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]
# The idempotency key of a command: sent again with the same one it is done once, for ever.
CommandKey = Annotated[str, Meta(min_length=1, max_length=64)]
Money = Annotated[int, Meta(ge=0, le=100_000_000_000)]
Qty = Annotated[int, Meta(ge=1, le=1_000_000)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
Url = Annotated[str, Meta(max_length=2000, pattern=r"^(https?://|/)")]
# A picture that everybody's browser loads: never over http, never from another origin by `//`.
Cover = Annotated[str, Meta(max_length=2000, pattern=r"^(https://|/(?!/))")]
Phrase = Annotated[str, Meta(min_length=1, max_length=200)]
Ref = Annotated[int, Meta(ge=1, le=2**53)]
Seconds = Annotated[int, Meta(ge=0, le=31_536_000)]
Text = Annotated[str, Meta(max_length=2000)]
# Opaque to us: at most META_BYTES_MAX bytes of it, which `must_fit` of `rooms.plain_text` holds.
Opaque = Annotated[str, Meta(max_length=1024)]
META_BYTES_MAX = 1024
Name = Annotated[str, Meta(min_length=1, max_length=200)]
# A merchant's id stands before a colon in the sku of what hosts sell for them, so it has none.
MERCHANT_CHARS_MAX = 24
MerchantId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MERCHANT_CHARS_MAX,
        pattern=r"^(?!\.\.?$)[A-Za-z0-9_.@-]+$(?!\n)",
    ),
]
# No control characters, as in tokens: they mark the server's internal addresses (`room.STAFF`).
User = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
Words = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=500)]

# The form of an IANA name, such as Asia/Shanghai; `rooms.zones` knows which zones there are.
TimeZone = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$(?!\n)"),
]

Who = Literal["all", "followers", "group", "reserved"]
"""An audience: everybody, followers of the host, the fan group, or users with a reservation."""
