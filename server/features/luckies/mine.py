"""What somebody who joins is told of the lucky draw."""

from msgspec import Struct


class LuckyMine(Struct):
    """Whether they entered the room's newest lucky draw."""

    lucky: bool = False
