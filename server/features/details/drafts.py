"""Drafts: rooms that only their host, their moderators and admins may enter or read."""

from collections.abc import Callable

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.rooms.directory import Directory
from server.rooms.dispatch import Gate
from server.rooms.room import Room


class Drafts:
    """Decides who may come into a draft. `open_room` gives a room if it is open on this worker."""

    def __init__(self, directory: Directory, open_room: Callable[[str], Room | None]) -> None:
        self._directory = directory
        self._open_room = open_room

    @property
    def gate(self) -> Gate:
        """The check at the entry of every room that may be a draft."""
        return Gate(self._may_be_draft, self.must_be_let_in, self._directory.is_draft)

    def _may_be_draft(self, room_id: str) -> bool:
        """A public room never becomes a draft, so an open one that is public needs no read."""
        room = self._open_room(room_id)
        if room is not None and not room.state.is_draft:
            return False
        return self._directory.may_be_draft(room_id)

    async def must_be_let_in(self, who: Identity, room_id: str) -> None:
        """Refuse users who do not work on this draft. CommandError `forbidden`."""
        if not await self._directory.is_draft(room_id):
            return
        if await self._directory.is_staff(who, room_id):
            return
        raise CommandError(
            "forbidden",
            "This room is a draft: only its host, its moderators and admins may see it until it "
            "is made public.",
        )
