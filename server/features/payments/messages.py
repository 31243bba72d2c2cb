"""The messages about payments: commands, events, and the structs inside them."""

from server.protocol.fields import Id
from server.protocol.message import Command


class Pay(Command, tag="pay", frozen=True, kw_only=True):
    """Pay an order through the room's payment provider."""

    order: Id
