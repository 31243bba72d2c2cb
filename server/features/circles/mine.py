"""What somebody who joins is told of the circles they belong to."""

from msgspec import Struct


class CircleMine(Struct):
    """Whether they follow the host, reserved a place here, and belong to the host's fan group."""

    following: bool = False
    reserved: bool = False
    member: bool = False
