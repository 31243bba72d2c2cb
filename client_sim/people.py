"""One simulated viewer: comes, reads, comments, hesitates, rushes a sale, pays or forgets to.

All chance comes from one seeded generator a person, so that the same seed gives the same people.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from random import Random
from typing import Self

from client_sim import content
from client_sim.attention import Attention
from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message
from client_sim.rest import Rest
from client_sim.witness import Witness

_LOW = 1e-9
QUEUES = 0.4  # of those who find a sale sold out
FILLS_CART = 0.4  # of those who buy from the shelf, if there is more
TRIES_MAX = 3  # how often somebody goes for the same sale


@dataclass(frozen=True, slots=True)
class Manner:
    """The manner of a whole crowd: `chat` and `shop` scale what people do; 0 is never.

    `roam` is the part of them that goes away and comes back. `arrive_s` is the time within which
    all have come; None lets them come in waves.
    """

    chat: float = 1.0
    shop: float = 1.0
    roam: float = 0.3
    arrive_s: float | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """The habits of one viewer. Times are seconds, other values are chances from 0 to 1."""

    language: str
    arrives_s: float
    chat: float  # how far events make them write
    comment_every_s: float
    like_every_s: float
    eager: float  # buys when a sale opens
    quick: bool  # has the finger on the button
    pays: float
    cancels: float  # of those who do not pay
    stay_s: float  # before going away for a while
    away_s: float
    spams: bool

    @classmethod
    def draw(cls, rng: Random, seconds: float, manner: Manner | None = None) -> Self:
        """Somebody for a run of this length."""
        manner = manner or Manner()
        chat = max(manner.chat, _LOW)
        language = rng.choices(list(content.LANGUAGES), list(content.LANGUAGES.values()))[0]
        lurks = rng.random() < 0.4
        return cls(
            language=language,
            arrives_s=_arrival_s(rng, seconds, manner.arrive_s),
            chat=manner.chat,
            comment_every_s=(rng.uniform(60, 240) if lurks else rng.uniform(8, 45)) / chat,
            like_every_s=rng.uniform(5, 60) / chat,
            eager=rng.betavariate(1.2, 2.2) * manner.shop,
            quick=rng.random() < 0.35,
            pays=rng.choice((0.6, 0.8, 0.95)),
            cancels=0.25,
            stay_s=seconds * 10 if rng.random() > manner.roam else rng.uniform(0.15, 0.6) * seconds,
            away_s=rng.uniform(0.02, 0.15) * seconds,
            spams=rng.random() < 0.01,
        )


def _arrival_s(rng: Random, seconds: float, within_s: float | None) -> float:
    """People come in waves: before the start, when friends call, when the first sale is near."""
    if within_s is not None:
        return rng.uniform(0, within_s)
    if rng.random() < 0.4:
        return rng.uniform(0, min(5.0, seconds * 0.15))
    wave = rng.choice((0.15, 0.3, 0.55))
    return max(0.0, rng.gauss(wave, 0.03) * seconds)


AtCounter = Callable[[], Rest]
"""Makes the person's own requests over HTTP."""

EnterGroup = Callable[[str], AbstractAsyncContextManager[RoomClient]]
"""Makes the person's client in the fan group of this id."""

Enter = Callable[[Position | None, Observer], AbstractAsyncContextManager[RoomClient]]
"""Makes the person's client, to resume at a position, watched by one more observer."""


class Person:
    """`run` is their evening. `leave` tells them to stop acting; `go_home` to disconnect."""

    def __init__(
        self,
        witness: Witness,
        habits: Habits,
        enter: Enter,
        rng: Random,
        *,
        enter_group: EnterGroup | None = None,
        at_counter: AtCounter | None = None,
        source: Message | None = None,
    ) -> None:
        """`source` brings them to the room, unless they come upon it in another way before."""
        self.witness = witness
        self.source: Message = source or {"kind": "link"}
        self.has_come = False
        self.room: RoomClient | None = None  # while they are in the room
        self.group: RoomClient | None = None  # while they sit in the fan group
        self._seat: asyncio.Task[None] | None = None
        self.at_counter = at_counter
        self.at_rest = asyncio.Event()  # they have stopped acting
        self._habits = habits
        self._away_s = habits.away_s
        self._enter = enter
        self._enter_group = enter_group
        self._rng = rng
        self._over = asyncio.Event()
        self._home = asyncio.Event()
        self._bored = asyncio.Event()  # of the present stay
        self._tries: Counter[str] = Counter()
        self._pays_for: set[str] = set()  # auctions

    def leave(self) -> None:
        """End the evening: finish the current act, and stay connected."""
        self._over.set()
        self._bored.set()

    def step_out(self, away_s: float | None = None) -> None:
        """Leave the room, and come back after a while: a time of one's own, or this."""
        self._away_s = self._habits.away_s if away_s is None else away_s
        self._bored.set()

    def come_from(self, source: Message) -> None:
        """Come upon the room in this way: it has brought who was not there yet."""
        if not self.has_come:
            self.source = source

    def drop(self) -> None:
        """Lose the connection; it comes back by itself."""
        if self.room is not None:
            self.room.drop()

    async def comment(self, mood: str) -> None:
        """Write something in this mood, in one's own language."""
        await self.say(content.line(self._rng, self._habits.language, mood))

    async def say(self, text: str) -> None:
        """Write exactly this."""
        if self.room is not None:
            with suppress(CommandRefused, Unanswered):
                await self.room.say(text)

    async def visit_group(self) -> None:
        """Join the host's fan group, and sit there until it is time to go home."""
        if self.room is not None and self._enter_group is not None and self._seat is None:
            group = await self.room.group_join()
            self._seat = asyncio.create_task(self._sit(self._enter_group, group))

    async def _sit(self, enter_group: EnterGroup, group: str) -> None:
        with suppress(CommandRefused):
            async with enter_group(group) as self.group:
                await self._home.wait()
        self.group = None

    async def like(self, n: int, times: int = 1) -> None:
        """Send `n` hearts so often."""
        for _ in range(times):
            if self.room is not None:
                with suppress(CommandRefused, Unanswered):
                    await self.room.like(n)
            await set_within(self._bored, self._rng.uniform(0.2, 0.6))

    async def buy(
        self,
        sales: Sequence[str],
        qty: int,
        pays: float,
        *,
        coupon: str = "",
        deliver: str = "",
        in_group: bool = False,
    ) -> None:
        """Buy of each sale without thinking twice, with a claim of this coupon if one has it; and
        maybe pay, to be sent where `deliver` says."""
        room = self.group if in_group else self.room
        if room is not None:
            with suppress(CommandRefused, Unanswered):
                claims = room.state.mine["claims"]
                mine = [
                    it["claim"] for it in claims if it["coupon"] == coupon and not it.get("order")
                ]
                claim = mine[0] if mine else None
                key = self.new_key()
                if len(sales) == 1:
                    order = await room.buy(sales[0], qty, key, claim=claim)
                else:
                    order = await room.buy_lines(dict.fromkeys(sales, qty), key, claim=claim)
                if self._rng.random() < pays:
                    await room.pay(order["order"], **({"deliver": deliver} if deliver else {}))

    async def bid(self, auction: str, most: int, pays: float) -> None:
        """Bid once, up to an amount drawn below `most`; pay if one wins, or leave it to others."""
        room = self.room
        view = room.state.view["auction"] if room is not None else None
        if room is None or view is None or view["auction"] != auction:
            return
        least: int = view["opening"]
        if view.get("bids"):
            least = view["price"] + view["increment"]
        if least <= most:
            with suppress(CommandRefused, Unanswered):
                await room.bid(auction, self._rng.randint(least, most), self.new_key())
                if self._rng.random() < pays:
                    self._pays_for.add(auction)

    def go_home(self) -> None:
        """Everything was looked at: disconnect."""
        self.leave()
        self._home.set()

    async def spend_evening(self) -> None:
        """Come and go until told that it is over. Being shut out is noted, not raised."""
        try:
            if not await set_within(self._over, self._habits.arrives_s):
                await self._evening()
        except* RoomError as errors:
            self.witness.shut_out(errors)
        finally:
            self.room = None
            self.at_rest.set()
            if self._seat is not None:
                self._home.set()
                await self._seat

    async def _evening(self) -> None:
        position: Position | None = None
        while True:
            attention = Attention(self._rng, self._habits.chat)
            self.has_come = True
            async with self._enter(position, attention) as room:
                self.room = room
                await self._stay(room, attention)
                if self._over.is_set():
                    self.at_rest.set()
                    await self._home.wait()
                    return
                self.room = None
                position = room.position
            await set_within(self._over, self._away_s)
            self._away_s = self._habits.away_s

    async def _stay(self, room: RoomClient, attention: Attention) -> None:
        if not self._over.is_set():
            self._bored.clear()
        async with asyncio.TaskGroup() as acts:
            acts.create_task(self._chat(attention))
            acts.create_task(self._like_now_and_then())
            acts.create_task(self._shop(room, attention))
            stay_s = self._rng.uniform(0.7, 1.3) * self._habits.stay_s
            await set_within(self._bored, stay_s)
            self._bored.set()
            attention.close()

    async def _chat(self, attention: Attention) -> None:
        while not self._bored.is_set():
            mood = await attention.mood(self._rng.expovariate(1 / self._habits.comment_every_s))
            if mood is None:
                mood = "spam" if self._habits.spams else self._idle_mood()
            await set_within(self._bored, self._rng.uniform(0.3, 3))  # typing
            if not self._bored.is_set():
                await self.comment(mood)

    def _idle_mood(self) -> str:
        moods = {"greet": 1, "ask_link": 3, "ask": 4, "praise": 3}
        return self._rng.choices(list(moods), list(moods.values()))[0]

    async def _like_now_and_then(self) -> None:
        while not await set_within(
            self._bored, self._rng.expovariate(1 / self._habits.like_every_s)
        ):
            await self.like(self._rng.randint(1, 20), self._rng.choice((1, 1, 2, 5)))

    async def _shop(self, room: RoomClient, attention: Attention) -> None:
        async with asyncio.TaskGroup() as purchases:
            while (wish := await attention.wishes.get()) is not None:
                if "order" in wish:
                    purchases.create_task(self._settle(room, wish["order"]))
                elif self._tempted(wish["sale"]):
                    purchases.create_task(self._purchase(room, attention, wish["sale"]))

    def _tempted(self, sale: Message) -> bool:
        if self._rng.random() >= self._habits.eager or self._tries[sale["sale"]] >= TRIES_MAX:
            return False
        self._tries[sale["sale"]] += 1
        return True

    async def _purchase(self, room: RoomClient, attention: Attention, sale: Message) -> None:
        """Hesitate, then buy. Nobody is in a rush for what stands on the shelf."""
        standing = sale.get("kind") == "standing"
        calm = 2.0 if standing else -1.2 if self._habits.quick else 0.9
        if await set_within(self._bored, self._rng.lognormvariate(calm, 0.7)):
            return
        sale = room.state.sale(sale["sale"]) or sale  # its price may be another by now
        qty = self._rng.randint(1, min(2, sale["per_user"]))
        cart = self._cart(room, sale, qty) if standing else {sale["sale"]: qty}
        at_most = sum(n * self._price(room, name, sale) for name, n in cart.items())
        try:
            order = await room.buy_lines(cart, self.new_key(), at_most=at_most)
        except CommandRefused as refused:
            if refused.code == "sold_out":
                attention.feel("missed", 0.3)
                await self._queue(room, sale["sale"], qty)
        except Unanswered:
            return
        else:
            self._tries[sale["sale"]] = TRIES_MAX
            attention.feel("got", 0.4)
            await self._settle(room, order)

    def _price(self, room: RoomClient, name: str, sale: Message) -> int:
        """Return what a sale costs now, as far as we know."""
        price: int = (room.state.sale(name) or sale)["price"]
        return price

    def _cart(self, room: RoomClient, sale: Message, qty: int) -> dict[str, int]:
        """Some buy another thing from the shelf with it."""
        others = [
            it["sale"]
            for it in room.state.view["sales"]
            if it.get("kind") == "standing" and it["status"] == "open"
            if it["currency"] == sale["currency"] and it["sale"] != sale["sale"]
        ]
        if others and self._rng.random() < FILLS_CART:
            return {sale["sale"]: qty, self._rng.choice(others): 1}
        return {sale["sale"]: qty}

    async def _queue(self, room: RoomClient, sale: str, qty: int) -> None:
        """Wait, sometimes, for units that others give back."""
        if self._rng.random() < QUEUES:
            with suppress(CommandRefused, Unanswered):
                await room.waitlist(sale, qty)

    async def _settle(self, room: RoomClient, order: Message) -> None:
        """Pay, cancel, or let the hold lapse."""
        pays = order.get("auction") in self._pays_for or self._rng.random() < self._habits.pays
        cancels = self._rng.random() < self._habits.cancels
        think_s = self._rng.lognormvariate(0.3, 0.8)
        if not (pays or cancels) or await set_within(self._bored, think_s):
            return
        with suppress(CommandRefused, Unanswered):
            await (room.pay(order["order"]) if pays else room.cancel(order["order"]))

    def new_key(self) -> str:
        """A fresh idempotency key, drawn like all chance of this person."""
        return f"{self._rng.getrandbits(96):024x}"

    def choose(self, options: int) -> int:
        """One of so many options."""
        return self._rng.randrange(options)


async def set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait for an event; whether it came in time. None waits as long as it takes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
