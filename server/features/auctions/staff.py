"""Names the sellers in an auction: the members of its merchant, as the records have them."""

import logging
import time

from cachetools import TTLCache
from msgspec import msgpack

from server.features.auctions.messages import Auction
from server.features.merchants.merchants import Merchants
from server.protocol.codes import CommandError
from server.records.errors import RecordsAway
from server.store.room_store import RoomStore

log = logging.getLogger(__name__)

AUCTIONS_REMEMBERED_MAX = 10_000
MERCHANTS_REMEMBERED_MAX = 1000
MEMBERS_KEPT_S = 10.0
"""How long somebody who joins a merchant may go on bidding in its auctions."""
_AUCTIONS = msgpack.Decoder(list[Auction])


class MerchantStaff:
    """Keeps members of a merchant from bidding up its goods.

    A room sells on while the records are away: then a bid is taken unless its bidder is known to be
    one of them.
    """

    def __init__(self, store: RoomStore, merchants: Merchants) -> None:
        self._store = store
        self._merchants = merchants
        self._merchant_of: TTLCache[str, str] = TTLCache(
            AUCTIONS_REMEMBERED_MAX, 86_400, time.monotonic
        )
        self._members: TTLCache[str, frozenset[str]] = TTLCache(
            MERCHANTS_REMEMBERED_MAX, MEMBERS_KEPT_S, time.monotonic
        )

    async def must_be_stranger(self, room: str, auction: str, user: str) -> None:
        """Raise CommandError `forbidden` for a member of the merchant whose unit is offered."""
        merchant = await self._merchant(room, auction)
        if merchant and user in await self._members_of(merchant):
            raise CommandError("forbidden", "Who sells here, or helps to, can't bid.")

    async def _merchant(self, room: str, auction: str) -> str:
        """The merchant of an auction; empty if the unit is the host's, or there is none."""
        if auction not in self._merchant_of:
            for each in await self._store.run_script("auctions.all", room, {}, _AUCTIONS):
                self._merchant_of[each.auction] = each.merchant
        return self._merchant_of.get(auction, "")

    async def _members_of(self, merchant: str) -> frozenset[str]:
        known = self._members.get(merchant)
        if known is None:
            try:
                members = await self._merchants.members(merchant)
            except RecordsAway:
                log.warning("The records are away: members of %s may bid meanwhile.", merchant)
                return frozenset()
            known = self._members[merchant] = frozenset(each.user for each in members)
        return known
