"""Custom events: checked here, told and kept by the script."""

import asyncio

from msgspec import Struct, msgpack

from server.access.rate import BucketsByName
from server.features.custom_events.messages import EventOk, EventSend
from server.features.custom_events.payload import payload_of
from server.features.custom_events.settings import CustomEventSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

ROOMS_REMEMBERED_MAX = 10_000


class _Told(Struct):
    """The result of `custom_events.tell`."""

    seq: int | None = None
    ver: int | None = None


_TOLD = msgpack.Decoder(_Told)


class CustomEvents:
    """Takes custom events from the room's host, admins and servers."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.section(CustomEventSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._rate = BucketsByName(self._limits.per_s, self._limits.burst, ROOMS_REMEMBERED_MAX)

    def handlers(self) -> Handlers:
        """The command of a host."""
        return {EventSend: Handler(self.send, Role.HOST)}

    async def send(self, call: Call, cmd: EventSend) -> Ok:
        """Tell the event; `ok` says its `seq`, or the `ver` of a value."""
        if cmd.item and cmd.delivery != "latest":
            raise CommandError("bad_message", "Only a `latest` event has an `item`.")
        payload = payload_of(cmd.data, self._limits.data_bytes_max)
        self._must_not_flood(call.room_id)
        args = {
            "name": cmd.name,
            "item": cmd.item,
            "delivery": cmd.delivery,
            "json": payload.text,
            "data": payload.as_text,
            "values_max": self._limits.values_max,
            "bytes_max": self._limits.values_bytes_max,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        told = await self._store.run_script("custom_events.tell", call.room_id, args, _TOLD)
        return EventOk(ref=cmd.ref, seq=told.seq, ver=told.ver)

    def _must_not_flood(self, room_id: str) -> None:
        now = asyncio.get_running_loop().time()
        wait_s = self._rate.wait_s((room_id, ""), now)
        if wait_s > 0:
            raise CommandError(
                "rate_limited",
                f"A room takes {self._limits.per_s:g} custom events a second from one worker.",
                int(wait_s * 1000) + 1,
            )
