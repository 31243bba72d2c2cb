"""The fan group in the copy of a room."""

from msgspec import Struct

from server.rooms.part import Part


class _Fields(Struct):
    group: str = ""


class GroupPart(Part):
    """The id of the host's fan group, if there is one."""

    Fields = Told = View = _Fields
