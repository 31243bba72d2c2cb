"""The fields about polls in the reply to a join."""

from msgspec import Struct


class PollMine(Struct):
    """The option they chose in the room's newest poll."""

    vote: int | None = None
