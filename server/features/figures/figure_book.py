"""A room's figures for its host: read on demand, from where the last reader stopped."""

import asyncio

from cachetools import LRUCache

from server.background.repeating import Errands
from server.features import all_facts
from server.features.figures.buyers import Buyers
from server.features.figures.folds import Folds
from server.features.figures.reckoning.figure_types import types_of
from server.features.figures.reckoning.models import Figures
from server.features.figures.room_heads import head_of
from server.features.figures.settings import FigureSettings
from server.features.figures.streams import Streams
from server.protocol.codes import CommandError
from server.rooms.fact_book import FactBook
from server.settings import Settings
from server.store.room_store import RoomStore

FRESH_MAX = 100
"""Most rooms whose figures are kept for `figures.fresh_s`; the least recently used go first."""


class FigureBook:
    """Figures by room, and by host in `streams`. Close it when the worker stops.

    `book` has the facts that count: by default those of all features that there are.
    """

    def __init__(self, store: RoomStore, settings: Settings, book: FactBook | None = None) -> None:
        book = all_facts() if book is None else book
        self.types = types_of(book)
        buyers = Buyers(store)
        self._store = store
        self._fresh_s = settings.section(FigureSettings).fresh_s
        self.folds = Folds(store, settings, buyers, book=book)
        self.streams = Streams(store, settings, self.folds, buyers, self.types)
        self._fresh: LRUCache[str, tuple[float, Figures]] = LRUCache(FRESH_MAX)
        self._reading: dict[str, asyncio.Task[Figures]] = {}
        self._readings = Errands("figures", answered=(CommandError,))

    async def aclose(self) -> None:
        """Stop what is being read, and forget everything."""
        await self._readings.aclose()
        await self.folds.aclose()

    async def figures_of(self, room_id: str) -> Figures:
        """The figures of a room, at most `figures.fresh_s` old. Raises CommandError."""
        now = asyncio.get_running_loop().time()
        at, figures = self._fresh.get(room_id, (0.0, None))
        if figures is not None and now - at < self._fresh_s:
            return figures
        reading = self._reading.get(room_id)
        if reading is None:  # many requests at once share one reading
            reading = self._reading[room_id] = self._readings.start(self._read(room_id), room_id)
            reading.add_done_callback(lambda _: self._reading.pop(room_id))
        return await asyncio.shield(reading)

    async def _read(self, room_id: str) -> Figures:
        began_at = asyncio.get_running_loop().time()
        head = await head_of(self._store, room_id)
        settled = await self.streams.settled(head.host)
        earlier = await self.streams.earlier(head)
        figures = await self.folds.figures(head, earlier, settled)
        self._fresh[room_id] = began_at, figures
        return figures
