"""Gives out and checks the keys and tickets by which people send and get a room's picture."""

import logging

import msgspec

from server.access.rate import PerSecond
from server.background.clock import unix_ms
from server.features.media.messages import StreamKey, StreamKeyOk
from server.features.media.places import Places
from server.features.media.settings import MediaSettings
from server.features.media.tickets import Right, Tickets
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

AGAIN_MS = 2000
"""A sender asks more than once before it sends (OPTIONS, then POST): within this time it is told
to the room once."""

_NUMBERS = msgspec.msgpack.Decoder(dict[str, int])
_log = logging.getLogger(__name__)


class Media:
    """Takes `stream_key`, gives tickets, and answers the media server."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._settings = settings.section(MediaSettings)
        self.places = Places(self._settings)
        secret = self._settings.secret
        self._tickets = (
            None if secret is None else Tickets(secret.get_secret_value(), self._settings.ticket_s)
        )
        self._lines = PerSecond(1)

    def handlers(self) -> Handlers:
        """The command of a host."""
        return {StreamKey: Handler(self.stream_key, Role.HOST)}

    async def stream_key(self, call: Call, cmd: StreamKey) -> StreamKeyOk:
        """Show the room's stream key and where to use it; with `renew` make another one."""
        tickets = self._made_tickets()
        number = await self._key_number(call.room_id, renew=cmd.renew, by=call.who.user)
        key = tickets.key(number, call.room_id)
        if not key:
            return StreamKeyOk(ref=cmd.ref)
        rtmp, rtmp_key = self.places.rtmp(call.room_id, key)
        return StreamKeyOk(
            ref=cmd.ref,
            key=key,
            whip=self.places.address(self._settings.whip_url, call.room_id),
            rtmp=rtmp,
            rtmp_key=rtmp_key,
        )

    def ticket(self, right: Right, room_id: str) -> tuple[str, int]:
        """Return a ticket for the room's picture, and its end in Unix ms. Raises CommandError
        `conflict` without a media server."""
        return self._made_tickets().ticket(right, room_id)

    async def begin(self, room_id: str, token: str) -> int:
        """Let somebody send the room's picture who shows a ticket or the stream key, and tell the
        room; return the time in Unix ms. Raises CommandError."""
        tickets = self._made_tickets()
        if not tickets.is_ticket(token, "send", room_id):
            number = await self._key_number(room_id)
            if not tickets.is_key(token, number, room_id):
                raise _bad_token("send", token)
        args = {"again_ms": AGAIN_MS, "events_max": self._events_max}
        told = await self._store.run_script("media.begin", room_id, args, _NUMBERS)
        return told["at"]

    def must_get(self, room_id: str, token: str) -> None:
        """Refuse a viewer without a ticket for the room's picture. Raises CommandError."""
        if not self._made_tickets().is_ticket(token, "get", room_id):
            raise _bad_token("get", token)

    def note_refusal(self, what: str, path: str, why: CommandError) -> None:
        """Tell the operator that somebody was not let in, at most once a second."""
        if self._lines.allow(unix_ms() / 1000):
            _log.info("Somebody may not %s the picture at %r: %s", what, path, why.msg)

    async def _key_number(self, room_id: str, *, renew: bool = False, by: str | None = None) -> int:
        args = {"renew": renew} | ({} if by is None else {"by": by})
        found = await self._store.run_script("media.key", room_id, args, _NUMBERS)
        return found["number"]

    def _made_tickets(self) -> Tickets:
        if self._tickets is None or not self._settings.serves:
            raise CommandError(
                "conflict",
                "This server has no media server, so it carries no pictures: its operator names "
                "one by media.whip_url and media.whep_url.",
            )
        return self._tickets


def _bad_token(right: Right, token: str) -> CommandError:
    if not token:
        msg = "Show a ticket or the room's stream key as the bearer token, or as `?token=`."
    elif right == "send":
        msg = "This is no ticket to send this room's picture, and not its stream key now in force."
    else:
        msg = "This is no ticket to get this room's picture, or it is over: ask for a new one."
    return CommandError("bad_token", msg)
