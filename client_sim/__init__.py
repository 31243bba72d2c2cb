"""The Python client of Liveroom, and a crowd of simulated people who use it.

As a library: `client.RoomClient` is a viewer, host or moderator of one room. As a program,
`python -m client_sim`: a host and many viewers who behave like people and check what they see.

The wire is read and written here a second time, with `json` and `msgpack` and none of the server's
own codec, so that each run also compares two readings of the protocol.
"""

from client_sim.client import Options, RoomClient
from client_sim.errors import CommandRefused, RoomClosed, RoomError, Unanswered
from client_sim.state import Position, RoomState
from client_sim.wire import Message, Wire

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
