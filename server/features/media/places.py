"""Names where a room's picture is on the media server: its path, and the addresses with that path.

MediaMTX takes letters, digits, `_`, `-`, `.` and `/` in a path. A room's id may have `:` and `@`
too; such an id stands in base64, behind a prefix of its own, so that no two rooms share a path.
"""

import base64
import binascii
import re

from server.features.media.settings import PATH, MediaSettings

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_CODED_END = "64"


class Places:
    """The paths and addresses of rooms on the media server."""

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._prefix = settings.path_prefix

    def path_of(self, room_id: str) -> str:
        """Return the room's path, such as `live/demo`."""
        if _PLAIN.fullmatch(room_id):
            return f"{self._prefix}/{room_id}"
        coded = base64.urlsafe_b64encode(room_id.encode()).decode().rstrip("=")
        return f"{self._prefix}{_CODED_END}/{coded}"

    def room_of(self, path: str) -> str | None:
        """Return the room whose path this is; None if it is no room's."""
        prefix, _, name = path.partition("/")
        if prefix == self._prefix and _PLAIN.fullmatch(name):
            return name
        if prefix != f"{self._prefix}{_CODED_END}":
            return None
        try:
            room_id = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
        except (binascii.Error, ValueError):
            return None
        return room_id if self.path_of(room_id) == path else None

    def address(self, template: str, room_id: str) -> str:
        """Return an address of the settings with the room's path in it; '' for none."""
        return template.replace(PATH, self.path_of(room_id))

    def rtmp(self, room_id: str, key: str) -> tuple[str, str]:
        """Return what OBS takes for RTMP as the server, and as the stream key; '' without one."""
        base = self._settings.rtmp_url.rstrip("/")
        if not base:
            return "", ""
        prefix, _, name = self.path_of(room_id).partition("/")
        return f"{base}/{prefix}", f"{name}?token={key}"
