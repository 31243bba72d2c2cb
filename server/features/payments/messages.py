"""The messages about payments: commands, events, and the structs inside them."""

from server.protocol.fields import Id
from server.protocol.message import Command


class Pay(Command, tag="pay", frozen=True, kw_only=True):
    """Pay an order through the room's payment provider."""

    order: Id


class OrderReturn(Command, tag="order.return", frozen=True, kw_only=True):
    """Take a paid order back and its money due back; `restock` puts its units on sale again."""

    order: Id
    restock: bool = False
