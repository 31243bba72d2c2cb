"""The Python client of a Liveroom: one person in one room, over as many connections as that takes.

It stands alone: `pip install liveroom-client` has just this, as `liveroom_client`. So it imports
nothing of the server, and its own modules by their place beside it.
"""

from .errors import CommandRefused, RoomClosed, RoomError, Unanswered, WireError
from .observer import Observer, Observers
from .room_client import LEFT, Options, RoomClient
from .state import Position, RoomState
from .wire import Message, Wire

__version__ = "0.1.0"

__all__ = [
    "LEFT",
    "CommandRefused",
    "Message",
    "Observer",
    "Observers",
    "Options",
    "Position",
    "RoomClient",
    "RoomClosed",
    "RoomError",
    "RoomState",
    "Unanswered",
    "Wire",
    "WireError",
]
