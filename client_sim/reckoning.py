"""The end of a run: when the room is quiet, everybody's stories are laid side by side."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from client_sim.checks import Findings
from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.wire import Message
from client_sim.order_book import LIVE
from client_sim.record import Record
from client_sim.rest import Rest
from client_sim.tokens import CannotRun
from client_sim.witness import Witness

SETTLE_S_MAX = 8.0  # how long the room gets to become quiet and tell everybody everything
LOOK_EVERY_S = 0.25
FRESH_S_MAX = 60.0  # how long a newcomer may knock
ASK_AT_ONCE = 50
LOOKS_MAX = 5
NOT_FOLDED = frozenset({"online", "viewers", "comments"})
"""Parts of a room that differ between two honest looks: people come, comments are sampled."""


class Seated(Protocol):
    """Somebody whose story is heard: their witness, and their client while they are in the room."""

    @property
    def witness(self) -> Witness:
        """Who watched all that was told to them."""

    @property
    def room(self) -> RoomClient | None:
        """Their client; None once they have left."""


class Reckoning:
    """`make` it once; then `orders` holds every order the people know of, by id."""

    def __init__(
        self,
        persons: Sequence[Seated],
        auditor: Witness,
        client: RoomClient,
        office: Rest,
        record: Record,
        findings: Findings,
    ) -> None:
        self.orders: dict[str, Message] = {}
        self.notes: list[str] = []  # what could not be looked at, and why
        self._persons = persons
        self._auditor = auditor
        self._client = client
        self._office = office
        self._record = record
        self._findings = findings

    async def make(self) -> None:
        """Wait for quiet, ask everybody, compare."""
        await self._until(lambda: not self._unsettled())
        limit = asyncio.Semaphore(ASK_AT_ONCE)
        async with asyncio.TaskGroup() as questions:
            for person in self._persons:
                questions.create_task(self._ask(person, limit))
        await self._until(lambda: not any(it.witness.orders.untold() for it in self._persons))
        await self._compare_orders()
        await self._compare_rooms()
        for person in self._persons:
            if person.room is not None:
                person.witness.finish()
                person.witness.orders.finish()
        self._auditor.finish()
        if not self._record.comments_known:
            self.notes.append("Comments were not counted: the auditor lost its connection.")

    def _unsettled(self) -> bool:
        """Return whether anybody still waits for something the room owes them."""
        here = [person.witness for person in self._persons if person.room is not None]
        return any(
            witness.unheard() or (witness.uncounted() or 0) > self._record.comments_removed
            for witness in here
        )

    async def _ask(self, person: Seated, limit: asyncio.Semaphore) -> None:
        if person.room is None:
            return
        async with limit:
            try:
                orders = await person.room.orders()
            except (CommandRefused, Unanswered) as error:
                self._findings.fail("orders_kept", person.witness.who, f"orders: {error}")
                return
        person.witness.orders.ended(orders)
        self.orders |= {order["order"]: order for order in orders}

    async def _compare_orders(self) -> None:
        """The lists against the stock, once nothing moves between two looks at it."""
        listed: list[Message] | None = None
        stats: Message = {}
        sales: dict[str, Message] = {}
        try:
            for _ in range(LOOKS_MAX):
                sales = await self._sales()
                listed = await self._office.orders(self._client.room)
                stats = await self._office.stats(self._client.room)
                if sales == await self._sales():
                    break
        except CannotRun as error:
            self._see("host_agrees", False, str(error))
        self._against_limits(sales, self.orders.values())
        if listed is not None and stats:
            self._against_stock(sales, listed)
            self._against_limits(sales, listed)
            self._against_buyers(listed)
            self._against_stats(stats, listed)

    async def _sales(self) -> dict[str, Message]:
        room = await self._office.room(self._client.room)
        return {sale["sale"]: sale for sale in (room or {}).get("sales", [])}

    def _against_limits(self, sales: dict[str, Message], orders: Iterable[Message]) -> None:
        bought: Counter[str] = Counter()
        by_user: Counter[tuple[str, str]] = Counter()
        for order in orders:
            if "auction" in order:
                continue  # its unit is of a sale that nobody is shown
            for line in order["lines"] if order["status"] in LIVE else ():
                bought[line["sale"]] += units_kept(line)
                by_user[line["sale"], order["user"]] += units_kept(line)
        for name, qty in bought.items():
            allocated = sales[name]["allocated"]
            words = f"sale {name}: {qty} units are held or paid, {allocated} were allocated"
            self._see("not_oversold", qty <= allocated, words)
        for (name, user), qty in by_user.items():
            limit = sales[name]["per_user"]
            self._see("per_user", qty <= limit, f"{user} has {qty} of sale {name}, limit {limit}")

    def _against_stock(self, sales: dict[str, Message], listed: list[Message]) -> None:
        units: Counter[tuple[str, str]] = Counter()
        for order in listed:
            for line in order["lines"]:
                units[line["sale"], order["status"]] += units_kept(line)
        for name, sale in sales.items():
            for status, field in (("held", "held"), ("paid", "sold")):
                words = f"sale {name}: {field} {sale[field]}, orders say {units[name, status]}"
                self._see("host_agrees", units[name, status] == sale[field], words)

    def _against_buyers(self, listed: list[Message]) -> None:
        of_host = {order["order"]: order for order in listed}
        for name, order in self.orders.items():
            known = of_host.get(name)
            words = f"the host has no order {name} of {order['user']}"
            if known is not None:
                words = f"order {name} is {order} to its buyer and {known} to the host"
            moved = known is not None and known["updated"] > order["updated"]
            self._see("host_agrees", moved or known == order, words)

    def _against_stats(self, stats: Message, listed: list[Message]) -> None:
        orders: Counter[str] = Counter()
        units: Counter[str] = Counter()
        for order in listed:
            orders[order["status"]] += 1
            units[order["status"]] += sum(line["qty"] for line in order["lines"])
        for name, counted in (("orders", orders), ("units", units)):
            told: Counter[str] = Counter(stats[name])
            words = f"the totals count {dict(told)} {name}, the list has {dict(counted)}"
            self._see("host_agrees", told == counted, words)

    async def _compare_rooms(self) -> None:
        """Compare everybody's folded state with a newcomer's snapshot."""
        differences: list[tuple[str, str]] = []
        for _ in range(round(SETTLE_S_MAX / LOOK_EVERY_S)):
            try:
                fresh = await self._fresh()
            except (RoomError, TimeoutError) as error:
                self._see("folded", False, f"a newcomer is not let in: {error or 'no answer'}")
                return
            differences = [
                (person.witness.who, words)
                for person in self._persons
                if person.room is not None
                for words in difference(
                    person.room.state.view,
                    fresh,
                    all_comments=not person.witness.gaps
                    and not person.witness.sees_what_others_do_not,
                )
            ]
            if not differences:
                break
            await asyncio.sleep(LOOK_EVERY_S)
        self._findings.looked["folded"] += sum(it.room is not None for it in self._persons)
        for who, words in differences:
            self._findings.fail("folded", who, words)

    async def _fresh(self) -> Message:
        """The snapshot a guest is given now."""
        async with asyncio.timeout(FRESH_S_MAX), self._client.guest() as guest:
            return guest.state.view

    async def _until(self, quiet: Callable[[], bool]) -> None:
        for _ in range(round(SETTLE_S_MAX / LOOK_EVERY_S)):
            if quiet():
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), "the reckoning", sentence)


def units_kept(line: Message) -> int:
    """Return how many units of an order's line did not come back."""
    kept: int = line["qty"] - line.get("returned", 0)
    return kept


def difference(folded: Message, fresh: Message, *, all_comments: bool) -> list[str]:
    """Return the differences between a folded room and a snapshot, in words.

    Comments are compared as far as both reach back, if none was left out.
    """
    found = []
    for name in sorted(set(folded) | set(fresh)):
        ours, theirs = folded.get(name), fresh.get(name)
        if name not in NOT_FOLDED and ours != theirs:
            found.append(f"`{name}` is {ours!r:.300} by events and {theirs!r:.300} afresh")
    both = min(len(folded["comments"]), len(fresh["comments"]))
    if all_comments and both and folded["comments"][-both:] != fresh["comments"][-both:]:
        found.append(f"the last {both} comments differ")
    return found
