"""Disputes: the buyer of a payment went to their bank, and what the bank decided."""

import logging
from typing import Any, Literal

from msgspec import Struct, msgpack

from server.features.payments.cases import log_case
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

DisputeStep = Literal["disputed", "dispute_won", "dispute_lost"]


class Noted(Struct, frozen=True):
    """Whether a step of a dispute was `news`, and how much of the payment the bank took by it."""

    news: bool
    taken: int


_NOTED = msgpack.Decoder(Noted)


class Disputes:
    """Notes disputes in their rooms, where they hold the money of their orders (docs/money.md)."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max

    async def note(
        self, room_id: str, what: DisputeStep, dispute: str, told: dict[str, Any]
    ) -> Noted:
        """Note that a dispute was opened, won or lost, each once, and log it. `told` has `order`
        `payment` `amount` `currency` and perhaps a `reason`; the amount of a lost one is what the
        bank took. Raises CommandError (`not_found`, `conflict`)."""
        args = {"what": what, "dispute": dispute, "events_max": self._events_max} | told
        noted = await self._store.run_script("payments.disputed", room_id, args, _NOTED)
        if noted.news:
            log_case(room_id, what, told["order"], told["payment"])
        if noted.news and what == "dispute_lost" and noted.taken < told["amount"]:
            _log.warning(
                "The lost dispute %s in room %s took %s, and of its payment %s only %s were left: "
                "the rest is in the account platform/disputes.",
                dispute, room_id, told["amount"], told["payment"], noted.taken,
            )  # fmt: skip
        return noted
