"""What somebody who joins is told of their vote."""

from msgspec import Struct


class PollMine(Struct):
    """The option they chose in the room's newest poll."""

    vote: int | None = None
