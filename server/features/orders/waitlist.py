"""The queue of a sold-out sale: returned units are offered in the order of the queue."""

from typing import Any

from msgspec import Struct, msgpack

from server.features.ledger.command_keys import once_by
from server.features.orders.messages import PlaceOk
from server.features.orders.messages import Waitlist as WaitlistCommand
from server.features.orders.settings import OrderSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore


class _Place(Struct):
    place: int


_PLACE = msgpack.Decoder(_Place)


class Waitlist:
    """Lets buyers queue. Every script that brings units back makes the offers."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.section(OrderSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self._key_chars_max = settings.orders.key_chars_max

    def handlers(self) -> Handlers:
        """The command to queue."""
        return {WaitlistCommand: Handler(self.queue, Role.VIEWER)}

    async def queue(self, call: Call, cmd: WaitlistCommand) -> Ok:
        """Queue or leave; `ok` carries the place, 0 for none (left, or already offered)."""
        args: dict[str, Any] = {
            "sale": cmd.sale,
            "user": call.who.user,
            "events_max": self._events_max,
        } | self._limits.freeing_args()
        if cmd.leave:
            found = await self._store.run_script(
                "orders.leave_waitlist", call.room_id, args, _PLACE
            )
        else:
            if cmd.qty > self._limits.qty_max:
                most = self._limits.qty_max
                raise CommandError("limit_reached", f"One order can have {most} units of a sale.")
            args |= {
                "name": call.who.name,
                "source": call.source,
                "meta": call.who.meta or None,
                "qty": cmd.qty,
                "waitlist_max": self._limits.waitlist_max,
            }
            said = [cmd.sale, cmd.qty]
            args |= once_by("wait", call.who.user, cmd.key, self._key_chars_max, said)
            found = await self._store.run_script("orders.join_waitlist", call.room_id, args, _PLACE)
        return PlaceOk(ref=cmd.ref, place=found.place)
