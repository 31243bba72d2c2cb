"""Banning: what must hold of a ban before it is written."""

from collections.abc import Awaitable, Callable

from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.rooms.plain_text import shown_text
from server.store.bans import Ban, Bans

REASON_CHARS_MAX = 200


class Banning:
    """Writes bans. `host_of` names a room's host."""

    def __init__(self, bans: Bans, host_of: Callable[[str], Awaitable[str]]) -> None:
        self._bans = bans
        self._host_of = host_of

    async def ban(
        self,
        user: str,
        room: str,
        by: str,
        reason: str,
        *,
        until: int | None = None,
        buying: bool = False,
    ) -> Ban:
        """Ban a user from a room, or from all (""); it takes the place of an earlier ban there.

        Raises CommandError.
        """
        now, shown = unix_ms(), shown_text("reason", reason, REASON_CHARS_MAX)
        if until is not None and until <= now:
            raise CommandError("bad_message", "`until` must be later than now, in Unix ms.")
        if user == by or (room and user == await self._host_of(room)):
            raise CommandError("conflict", "Nobody can ban themselves, nor a room's host.")
        ban = Ban(user=user, room=room, buying=buying, reason=shown, by=by, at=now, until=until)
        await self._bans.put(ban)
        return ban
