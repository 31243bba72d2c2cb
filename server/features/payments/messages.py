"""The messages about payments: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar

from msgspec import Meta

from server.protocol.fields import Id
from server.protocol.message import Command

DELIVER_CHARS_MAX = 200
Deliver = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=DELIVER_CHARS_MAX,
        pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)",
        description="the shop's own name of an address: 1 to 200 characters",
    ),
]


class Pay(Command, tag="pay", frozen=True, kw_only=True):
    """Pay an order through the room's payment provider.

    The order goes to an `address` of the own address book, as it is now, or to where the shop's
    reference `deliver` says; that of the token counts if neither is named.
    """

    buys: ClassVar[bool] = True

    order: Id
    address: Id | None = None
    deliver: Deliver | None = None
