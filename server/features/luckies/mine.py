"""The fields about lucky draws in the reply to a join."""

from msgspec import Struct


class LuckyMine(Struct):
    """Whether they entered the room's newest lucky draw."""

    lucky: bool = False
