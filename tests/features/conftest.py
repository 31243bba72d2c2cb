"""Features are tested in a room of a worker; see tests/rooms/rig.py for what it can do."""

from tests.rooms.conftest import here, room_settings, there

__all__ = ["here", "room_settings", "there"]
