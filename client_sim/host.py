"""The simulated host: fills the shelf, goes live, explains, sells, says good night."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from random import Random

from client_sim import content
from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.observer import Observer
from client_sim.client.wire import Message
from client_sim.people import set_within
from client_sim.tokens import CannotRun

ACT_S_MAX = 40.0  # how long a host talks about one product, at most
FIRST_PATIENCE_S = 0.2  # the pause between two commands that need no talk
SPAM_MAX = 32
STANDS = 0.4  # of the products that are sold in a rush, so many stand on the shelf, too
DROPS = 0.5  # of these, so many keep the low price


class Eye(Observer):
    """The host reads along, and remembers comments that should go."""

    def __init__(self) -> None:
        self.spam: asyncio.Queue[Message] = asyncio.Queue(SPAM_MAX)

    def event(self, event: Message) -> None:
        """Notice spam."""
        if event["t"] == "comment" and content.is_spam(event["text"]):
            with suppress(asyncio.QueueFull):
                self.spam.put_nowait(event)


class Host:
    """`prepare` opens the evening, `run` is the evening, `end` ends it.

    `seconds` is the length of the evening, 0 for one without end; `viewers` how many are expected,
    which decides how little stock is little.
    """

    def __init__(
        self, room: RoomClient, eye: Eye, rng: Random, *, viewers: int, seconds: float
    ) -> None:
        self._room = room
        self._eye = eye
        self._rng = rng
        self._viewers = viewers
        self._act_s = min(ACT_S_MAX, max(4.0, seconds / 4)) if seconds else ACT_S_MAX
        self._over = asyncio.Event()
        self._off_stage = asyncio.Event()

    async def prepare(self) -> None:
        """Fill the shelf and go live. Raises CannotRun if this room can't be hosted."""
        try:
            for product in content.goods():
                await self._room.shelf_put(product)
                await asyncio.sleep(FIRST_PATIENCE_S / 4)
            if self._room.state.view["phase"] == "scheduled":
                await self._room.live_start()
            for sale in self._room.state.view["sales"]:
                if sale["status"] != "closed":
                    await self._room.sale_close(sale["sale"])
        except RoomError as error:
            raise CannotRun(f"Can't host room {self._room.room}: {error}") from None

    async def host_evening(self) -> None:
        """One product after the other, until told to leave."""
        try:
            await self._try(self._room.notice(content.line(self._rng, "host", "notice")))
            await self._say("welcome")
            async with asyncio.TaskGroup() as hands:
                hands.create_task(self._moderate())
                while not self._over.is_set():
                    for product in self._rng.sample(content.goods(), k=len(content.goods())):
                        await self._act(product)
        finally:
            self._off_stage.set()

    async def end(self, *, for_good: bool) -> None:
        """Stop, close what is open; for good: say good night and end the stream."""
        self._over.set()
        await self._off_stage.wait()
        if for_good:
            await self._say("bye")
            await self._try(self._room.live_end())

    async def _act(self, product: Message) -> None:
        """Explain one product and sell a few of it."""
        if self._over.is_set():
            return
        await self._try(self._room.pin(product["sku"]))
        await self._say("explain", title=product["title"])
        for mood in ("point", "flaw"):
            await self._pause(0.1)
            await self._say(mood, **{mood: self._rng.choice(product[f"{mood}s"])})
        await self._pause(0.1)
        if not self._over.is_set():
            with suppress(CommandRefused, Unanswered):
                await self._sell(product)

    async def _sell(self, product: Message) -> None:
        stock = max(2, round(self._viewers * self._rng.uniform(0.08, 0.3)))
        currency = product["currency"]
        reduced = product["price"] * self._rng.choice((70, 80, 85, 90)) // 100
        price = content.whole_units(reduced, currency)
        per_user = self._rng.choice((1, 1, 2))
        hold_s = max(5, round(self._act_s / 2))
        base = await self._stand(product, stock)
        sale = await self._room.sale_open(
            product["sku"], price, stock, per_user=per_user, hold_s=hold_s, base=base
        )
        price_text = content.price_text(price, currency)
        await self._say("open", stock=stock, price=price_text, per_user=per_user)
        await self._pause(0.4)
        if self._rng.random() < 0.5 and not self._over.is_set():
            add = max(1, stock // 3)
            await self._room.sale_restock(sale["sale"], add)
            await self._say("restock", add=add)
        await self._pause(0.3)
        await self._room.sale_close(sale["sale"])
        await self._say("close")
        if base is not None and self._rng.random() < DROPS:
            await self._room.sale_price(base, content.whole_units(reduced, currency))

    async def _stand(self, product: Message, stock: int) -> str | None:
        """Put a product on the shelf for its price, where it may be bought without a rush; the
        sale, if it has enough for a rush of `stock` units on top of it."""
        if self._rng.random() >= STANDS:
            return None
        known = next(
            (
                sale
                for sale in self._room.state.view["sales"]
                if sale["sku"] == product["sku"] and sale.get("kind") == "standing"
                if sale["status"] != "closed"
            ),
            None,
        )
        if known is None:
            known = await self._room.sale_open(
                product["sku"], product["price"], 2 * stock,
                per_user=5, hold_s=1800, kind="standing",
            )  # fmt: skip
        return known["sale"] if known["left"] >= stock else None

    async def _moderate(self) -> None:
        """Remove spam a moment after it was seen; mute users who send it again."""
        seen: set[str] = set()
        while not await set_within(self._over, self._rng.uniform(1, 3)):
            while not self._eye.spam.empty():
                spam = self._eye.spam.get_nowait()
                if spam["user"] in seen:
                    await self._try(self._room.mute(spam["user"], 600))
                else:
                    await self._try(self._room.comment_remove(spam["id"]))
                seen.add(spam["user"])

    async def _say(self, mood: str, **about: object) -> None:
        await self._try(self._room.comment(content.line(self._rng, "host", mood, **about)))

    async def _try(self, command: Awaitable[object]) -> None:
        """A host whose command was refused goes on: the tally shows it."""
        with suppress(CommandRefused, Unanswered):
            await command

    async def _pause(self, share: float) -> None:
        """Let a share of the act's time pass, or less when it is over."""
        await set_within(self._over, self._act_s * share * self._rng.uniform(0.7, 1.3))
