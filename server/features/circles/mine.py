"""The fields about circles in the reply to a join."""

from msgspec import Struct


class CircleMine(Struct):
    """Whether the user follows the host, reserved a place here, and is in the fan group."""

    following: bool = False
    reserved: bool = False
    member: bool = False
