"""What became of each item of a batch: a script answers each by itself, and so is each read."""

from collections.abc import Sequence

from msgspec import MsgspecError, Raw, Struct, msgpack

from server.features.orders.messages import Order
from server.protocol.codes import CommandError


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


OUTCOMES = msgpack.Decoder(list[Raw])
"""Decodes a script's outcomes, each still packed."""
_OUTCOME = msgpack.Decoder(Outcome)
_UNREADABLE = "The order can not be read as it is stored; the operator was told."


def read_outcomes(packed: Sequence[Raw]) -> tuple[list[Outcome], list[str]]:
    """Read each outcome by itself. One that can't be read is refused as `internal` alone; the
    second list says why, once for each of these."""
    outcomes, damaged = [], []
    for raw in packed:
        try:
            outcomes.append(_OUTCOME.decode(raw))
        except (MsgspecError, UnicodeDecodeError) as error:
            outcomes.append(Outcome(err="internal", msg=_UNREADABLE))
            damaged.append(str(error))
    return outcomes, damaged
