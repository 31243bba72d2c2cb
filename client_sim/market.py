"""The merchants of a script, and what the hosts pick of them, over HTTP.

An admin acts for the merchants: writes goods and offers, grants units, sends parcels.
"""

import asyncio
import time
from collections.abc import Sequence

from client_sim.client.wire import Message
from client_sim.reckoning import units_kept
from client_sim.rest import Rest
from client_sim.sharing import Rates

LASTS_MS = 86_400_000
"""How long offers hold, and units stay granted."""
CARRIER = "SF Express"
SEND_AT_ONCE = 100
LOOKS_MAX, LOOK_EVERY_S = 20, 0.25


class Market:
    """`build` it before the evening. `rates` has the terms of what was picked, by merchant and
    goods, as the host was told them."""

    def __init__(
        self, merchants: Sequence[Message], office: Rest, rest: Rest, *, room: str, host: str
    ) -> None:
        """`office` is an admin's, `rest` the host's."""
        self.merchants = merchants
        self.rates: dict[tuple[str, str], Rates] = {}
        self.own_fee: int | None = None
        """The platform's share of the host's own goods; None: nothing told it yet."""
        self._office = office
        self._rest = rest
        self._room = room
        self._host = host

    async def build(self) -> None:
        """Make the merchants with their goods and offers; what is there stays. Raises CannotRun."""
        for each in self.merchants:
            path = f"merchants/{each['merchant']}"
            body: Message = {name: each[name] for name in ("name", "fee") if name in each}
            await self._office.write("PUT", path, body)
            for goods in each["goods"]:
                await self._build_goods(path, dict(goods))

    async def _build_goods(self, path: str, goods: Message) -> None:
        offer, name = dict(goods.pop("offer")), goods.pop("goods")
        await self._office.write("PUT", f"{path}/goods/{name}", goods)
        offer |= {"goods": name, "ends": _ms_now() + LASTS_MS}
        await self._office.write("PUT", f"{path}/offers/{name}", offer)

    async def pick(self, merchant: str, goods: str, units: int) -> str:
        """Have the host pick an offer, and the merchant grant units of each variant; the pick."""
        body = {"merchant": merchant, "offer": goods}
        pick = await self._rest.write("POST", f"hosts/{self._host}/picks", body)
        shares = pick["commission"], pick["fee"], pick["coupon"]
        self.rates[merchant, goods] = Rates(merchant, *shares)
        if any(it["merchant"] == merchant and "fee" not in it for it in self.merchants):
            self.own_fee = pick["fee"]  # it has none of its own: this is the platform's usual one
        path = f"merchants/{merchant}"
        for variant in (await self._office.read(f"{path}/goods/{goods}"))["variants"]:
            grant = {
                "sku": variant["sku"], "host": self._host, "units": units,
                "until": _ms_now() + LASTS_MS,
            }  # fmt: skip
            await self._office.write("POST", f"{path}/allotments", grant)
        id_: str = pick["pick"]
        return id_

    async def asked_back(self) -> list[str]:
        """The orders of the room whose buyers wait for an answer, the oldest first."""
        asked = [
            (order["request"]["asked"], order["order"])
            for order in await self._rest.orders(self._room)
            if order.get("request", {}).get("status") == "asked"
        ]
        return [order for _, order in sorted(asked)]

    async def send_parcels(self) -> int:
        """Send all that is to be sent of this room, by the host and by each merchant; how many.

        The records follow the room by about a second, so it looks for a while until there is any.
        """
        for _ in range(LOOKS_MAX):
            if sent := await self._send_once():
                return sent
            await asyncio.sleep(LOOK_EVERY_S)
        return 0

    async def _send_once(self) -> int:
        sent = await self._send_from(self._rest, f"hosts/{self._host}", "")
        for each in self.merchants:
            name = each["merchant"]
            sent += await self._send_from(self._office, f"merchants/{name}", name)
        return sent

    async def _send_from(self, rest: Rest, path: str, sender: str) -> int:
        page = await rest.read(f"{path}/to-send?limit={SEND_AT_ONCE}")
        orders = {it["order"]: it for it in await self._rest.orders(self._room)}
        # The list may be of a moment ago: what came back since stays here.
        mine = [
            it
            for it in page["orders"]
            if it["room"] == self._room and _has_to_send(orders[it["order"]], sender)
        ]
        for each in mine:
            named = {"room": each["room"], "order": each["order"]}
            body = {"carrier": CARRIER, "tracking": f"SF{each['order']}", "orders": [named]}
            await rest.write("POST", f"{path}/parcels", body)
        return len(mine)

    async def units(self) -> dict[tuple[str, str], Message]:
        """Return where the units of each of the merchants' skus are, by merchant and sku."""
        return await units_of(self._office, self.merchants)

    def rates_of(self, order: Message) -> list[Rates] | None:
        """The terms of each line of an order; None where they are not known."""
        found = []
        for line in order["lines"]:
            merchant = line.get("merchant", "")
            if merchant:
                rates = self.rates.get((merchant, line["goods"]))
            else:
                rates = None if self.own_fee is None else Rates(fee=self.own_fee)
            if rates is None:
                return None
            found.append(rates)
        return found


async def units_of(office: Rest, merchants: Sequence[Message]) -> dict[tuple[str, str], Message]:
    """Return where the units of each sku are, by merchant and sku. Raises CannotRun."""
    found = {}
    for each in merchants:
        for goods in each["goods"]:
            path = f"merchants/{each['merchant']}/goods/{goods['goods']}"
            for variant in (await office.read(path))["variants"]:
                found[each["merchant"], variant["sku"]] = variant["units"]
    return found


def _has_to_send(order: Message, sender: str) -> bool:
    """Whether a merchant, or the host (``), has units of an order that can be sent."""
    asked = order.get("request", {}).get("status") == "asked"
    mine = any(units_kept(it) for it in order["lines"] if it.get("merchant", "") == sender)
    return mine and order["status"] == "paid" and not asked


def _ms_now() -> int:
    return round(time.time() * 1000)
