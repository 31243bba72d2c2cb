"""The attention of a simulated viewer: things to buy, and reasons to write."""

import asyncio
from contextlib import suppress
from random import Random

from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message

WISHES_MAX = 16
MOODS_MAX = 4


class Attention(Observer):
    """One stay in the room. `wishes` holds sales worth a thought and orders offered
    to us or won, as `{sale}` and `{order}`, and None once it is over.

    Whoever notices more than they can think of forgets the rest.
    """

    def __init__(self, rng: Random, chat: float = 1.0) -> None:
        self.wishes: asyncio.Queue[Message | None] = asyncio.Queue(WISHES_MAX + 1)
        self._moods: asyncio.Queue[str | None] = asyncio.Queue(MOODS_MAX + 1)
        self._rng = rng
        self._chat = chat  # how far things make this person write

    def joined(
        self,
        asked: Position | None,  # noqa: ARG002 - coming back or not, an open sale is a sale
        reply: Message,
    ) -> None:
        """Sales that are open already are as good as new ones."""
        for sale in reply["room"].get("sales", []):
            self._notice(sale)

    def event(self, event: Message) -> None:
        """Some events tempt."""
        if event["t"] == "sale":
            self._notice(event["sale"])
        elif event["t"] == "order" and {"offer", "auction"} & event["order"].keys():
            if event["order"]["status"] == "held":
                self._want(event)
        elif event["t"] == "pin" and event["sku"] is not None:
            self.feel("ask_link", 0.08)

    def feel(self, mood: str, chance: float) -> None:
        """Perhaps want to write something soon."""
        if self._rng.random() < chance * self._chat and self._moods.qsize() < MOODS_MAX:
            self._moods.put_nowait(mood)

    async def mood(self, patience_s: float) -> str | None:
        """The next mood that asks for words; None when nothing moved us in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                return await self._moods.get()
        return None

    def close(self) -> None:
        """End the stay: wake the tasks that wait."""
        for queue in (self.wishes, self._moods):
            with suppress(asyncio.QueueFull):
                queue.put_nowait(None)

    def _want(self, wish: Message) -> None:
        if self.wishes.qsize() < WISHES_MAX:
            self.wishes.put_nowait(wish)

    def _notice(self, sale: Message) -> None:
        if sale["status"] == "open":
            self.feel("rush", 0.06)
            self._want({"sale": sale})
        elif sale["status"] == "sold_out":
            self.feel("missed", 0.04)
