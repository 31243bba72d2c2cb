"""Compares what people bought of merchants with statements and units, at the end of a run."""

import asyncio
from collections import Counter
from typing import Any

from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.market import Market
from client_sim.reckoning import LOOK_EVERY_S, SETTLE_S_MAX, units_kept
from client_sim.rest import Rest
from client_sim.sharing import Rates, Share, due_back, net_shares
from client_sim.tokens import CannotRun

EVENTS = frozenset({"paid", "returned"})
"""Entries that follow from orders; the others move money between the stages of an account."""
CHARGED = frozenset({"paid", "returned"})
"""An order in one of these states was shared."""

Owed = Counter[tuple[str, str, str]]
"""(owner, order, kind of share) -> minor units."""


class MarketReckoning:
    """`make` compares each order with the entries of host and merchants, until they agree.

    The records follow the room by about a second, so it looks again for a while.
    """

    def __init__(
        self, market: Market, office: Rest, findings: Findings, *, room: str, host: str
    ) -> None:
        self._market = market
        self._office = office
        self._findings = findings
        self._room = room
        self._host = host

    async def make(self, orders: list[Message]) -> None:
        """Compare everything there was. What can't be read has failed."""
        owed = self.owed(orders)
        told: Owed = Counter()
        units: dict[tuple[str, str], Message] = {}
        try:
            for _ in range(round(SETTLE_S_MAX / LOOK_EVERY_S)):
                told, units = await self._told(), await self._market.units()
                if told == owed and not self._wrong_units(units, orders):
                    break
                await asyncio.sleep(LOOK_EVERY_S)
        except CannotRun as error:
            self._see("split_agrees", False, str(error))
        for order in orders:
            self._compare(order, owed, told)
        unknown = {order for _, order, _ in told} - {order["order"] for order in orders}
        self._see("split_agrees", not unknown, f"statements have orders {sorted(unknown)[:5]}")
        wrong = self._wrong_units(units, orders)
        for name in units:
            self._see("units_kept", name not in wrong, wrong.get(name, ""))

    def owed(self, orders: list[Message]) -> Owed:
        """Return what host and merchants have of each order whose terms are known."""
        found: Owed = Counter()
        for order in orders:
            rates = self._market.rates_of(order)
            if order["status"] in CHARGED and rates is not None and not order.get("practice"):
                for (of, what), amount in self._shares(order, rates).items():
                    if of != "platform" and amount:
                        found[of, order["order"], what] = amount
        return found

    def _shares(self, order: Message, rates: list[Rates]) -> dict[Share, int]:
        return {
            Share(f"host/{self._host}" if of == "host" else of, what): amount
            for (of, what), amount in net_shares(order, rates).items()
        }

    def _compare(self, order: Message, owed: Owed, told: Owed) -> None:
        if order["status"] not in CHARGED:
            found = {name: n for name, n in told.items() if name[1] == order["order"]}
            words = f"order {order['order']} is {order['status']} and moved {found}"
            self._see("split_agrees", not found, words)
            return
        back = order["total"] if order["status"] == "returned" else order.get("back", 0)
        words = f"order {order['order']}: {back} went back, its units say {due_back(order)}"
        self._see("split_agrees", back == due_back(order), words)
        if self._market.rates_of(order) is None:
            return
        ours, theirs = (
            {(of, what): n for (of, name, what), n in each.items() if name == order["order"]}
            for each in (owed, told)
        )
        words = f"order {order['order']}: statements say {theirs}, its terms say {ours}"
        self._see("split_agrees", ours == theirs, words)

    async def _told(self) -> Owed:
        owners = [f"host/{self._host}"]
        owners += [f"merchant/{each['merchant']}" for each in self._market.merchants]
        found: Owed = Counter()
        for owner in owners:
            for entry in await entries_of(self._office, owner):
                if entry.get("room") == self._room and entry["event"] in EVENTS:
                    found[owner, entry["order"], entry["what"]] += entry["amount"]
        return Counter({name: amount for name, amount in found.items() if amount})

    def _wrong_units(
        self, units: dict[tuple[str, str], Message], orders: list[Message]
    ) -> dict[tuple[str, str], str]:
        """Return sentences by merchant and sku. Others may sell the same, so ours are the least."""
        sold: Counter[tuple[str, str]] = Counter()
        for order in orders:
            for line in order["lines"] if order["status"] == "paid" else ():
                if merchant := line.get("merchant"):
                    sku = line["sku"].removeprefix(f"{merchant}:")
                    sold[merchant, sku] += units_kept(line)
        found = {}
        for name, at in units.items():
            everywhere = at["stock"] + at["allotted"] + at["sold"] + at["returned"]
            if at["received"] != everywhere or at["sold"] < sold[name]:
                found[name] = f"{name} has its units at {at}, we bought {sold[name]}"
        return found

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), "the reckoning", sentence)


async def entries_of(office: Rest, owner: str) -> list[Message]:
    """All entries of an owner (`host/<id>`, `merchant/<id>`). Raises CannotRun."""
    kind, _, name = owner.partition("/")
    found: list[Message] = []
    cursor = ""
    while True:
        path = f"{kind}s/{name}/statements/entries?limit=100&cursor={cursor}"
        page = await office.read(path)
        found += page["entries"]
        cursor = page.get("next") or ""
        if not cursor:
            return found
