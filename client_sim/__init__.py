"""A crowd of simulated people who use a Liveroom, and the Python client that they use.

`client` is a package of its own, `liveroom-client`: `client.RoomClient` is a viewer, host or
moderator of one room. The program `python -m client_sim` is a host and many viewers who behave like
people and check what they see.

The wire is read and written here a second time, with `json` and `msgpack` and none of the server's
own codec, so that each run also compares two readings of the protocol.
"""

from client_sim.client import (
    CommandRefused,
    Message,
    Options,
    Position,
    RoomClient,
    RoomClosed,
    RoomError,
    RoomState,
    Unanswered,
    Wire,
)

__all__ = [
    "CommandRefused",
    "Message",
    "Options",
    "Position",
    "RoomClient",
    "RoomClosed",
    "RoomError",
    "RoomState",
    "Unanswered",
    "Wire",
]
