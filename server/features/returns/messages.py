"""The messages about returns: commands, and the structs inside them."""

from typing import Annotated

from msgspec import Meta

from server.features.orders.messages import ReturnReason
from server.protocol.fields import CommandKey, Id, Qty
from server.protocol.input import Input
from server.protocol.message import Command

Note = Annotated[str, Meta(max_length=500)]


class ReturnLine(Input, frozen=True):
    """How many units of a sale have come back in all, those of earlier returns included."""

    sale: Id
    returned: Qty


class AskedLine(Input, frozen=True):
    """So many units of a sale that a buyer wants to give back."""

    sale: Id
    qty: Qty


class OrderReturn(Command, tag="order.return", frozen=True, kw_only=True):
    """Take a paid order back, or the units that `lines` tell: their money is due back.

    `restock` puts the units on sale again. To say the same twice returns once. An open request of
    the buyer is accepted by this.
    """

    order: Id
    restock: bool = False
    lines: Annotated[list[ReturnLine], Meta(min_length=1, max_length=20)] | None = None


class ReturnAsk(Command, tag="return.ask", frozen=True, kw_only=True):
    """Ask to give a paid order back, or the units that `lines` tell.

    With the same `key` it is one request for ever, even if that was answered meanwhile.
    """

    order: Id
    reason: ReturnReason
    note: Note = ""
    lines: Annotated[list[AskedLine], Meta(min_length=1, max_length=20)] | None = None
    key: CommandKey | None = None


class ReturnWithdraw(Command, tag="return.withdraw", frozen=True, kw_only=True):
    """Take the own request away; with the same `key` never a later one."""

    order: Id
    key: CommandKey | None = None


class ReturnAnswer(Command, tag="return.answer", frozen=True, kw_only=True):
    """Accept a buyer's request, or decline it with a sentence in `answer`.

    Accepted, the units come back and their money is due; `restock` puts them on sale again. With
    the same `key` no later request is answered.
    """

    order: Id
    accept: bool
    answer: Note = ""
    restock: bool = False
    key: CommandKey | None = None
