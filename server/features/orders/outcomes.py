"""Serves a batch and tells what became of each item: a script answers each by itself, and so is
each read."""

from typing import Any

from msgspec import MsgspecError, Raw, Struct, msgpack

from server.features.orders.messages import Order
from server.protocol.codes import CommandError
from server.store.room_store import RoomStore


class Outcome(Struct):
    """What became of one item: an order, a refusal, or a draw to wait for."""

    order: Order | None = None
    err: str = ""
    msg: str = ""
    retry_ms: int | None = None
    wait_ms: int = 0

    def order_or_refusal(self) -> Order:
        """Return the order. Raises CommandError if the item was refused."""
        if self.order is None:
            raise CommandError(self.err, self.msg, self.retry_ms)
        return self.order


_OUTCOME = msgpack.Decoder(Outcome)
_PACKED = msgpack.Decoder(list[Raw])
_UNREADABLE = "The order can not be read as it is stored; the operator was told."


async def serve_batch(
    store: RoomStore, script: str, room_id: str, args: dict[str, Any]
) -> list[Outcome]:
    """Run a script that serves a batch, and read the outcome of each item by itself.

    One that can't be read is refused alone, as `internal`, and the operator is told of it.
    """
    outcomes = []
    for raw in await store.run_script(script, room_id, args, _PACKED):
        try:
            outcomes.append(_OUTCOME.decode(raw))
        except (MsgspecError, UnicodeDecodeError) as error:
            store.note_damaged(room_id, f"an order that {script} answered with", str(error))
            outcomes.append(Outcome(err="internal", msg=_UNREADABLE))
    return outcomes
