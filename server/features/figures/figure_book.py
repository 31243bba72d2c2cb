"""A room's figures for its host: read on demand, from where the last reader stopped."""

import asyncio
from collections import OrderedDict

from server.features.figures.buyers import Buyers
from server.features.figures.folds import Folds
from server.features.figures.reckoning.models import Figures
from server.features.figures.room_heads import head_of
from server.features.figures.settings import FigureSettings
from server.features.figures.streams import Streams
from server.settings import Settings
from server.store.scripts import Scripts

FRESH_MAX = 100


class FigureBook:
    """Figures by room, and by host in `streams`. Close it when the worker stops."""

    def __init__(self, scripts: Scripts, settings: Settings) -> None:
        buyers = Buyers(scripts)
        self._scripts = scripts
        self._fresh_s = settings.of(FigureSettings).fresh_s
        self.folds = Folds(scripts, settings, buyers)
        self.streams = Streams(scripts, settings, self.folds, buyers)
        self._fresh: OrderedDict[str, tuple[float, Figures]] = OrderedDict()
        self._reading: dict[str, asyncio.Task[Figures]] = {}

    async def aclose(self) -> None:
        """Stop what is being read, and forget everything."""
        reading = list(self._reading.values())
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        await self.folds.aclose()

    async def of(self, room_id: str) -> Figures:
        """The figures of a room, at most `figures.fresh_s` old. Raises CommandError."""
        now = asyncio.get_running_loop().time()
        at, figures = self._fresh.get(room_id, (0.0, None))
        if figures is not None and now - at < self._fresh_s:
            return figures
        reading = self._reading.get(room_id)
        if reading is None:  # of many who ask at once one reads
            reading = self._reading[room_id] = asyncio.create_task(self._read(room_id))
            reading.add_done_callback(lambda done: self._done(room_id, done))
        return await asyncio.shield(reading)

    def _done(self, room_id: str, reading: asyncio.Task[Figures]) -> None:
        del self._reading[room_id]
        if not reading.cancelled():
            reading.exception()  # whoever asked hears of it, if they still listen

    async def _read(self, room_id: str) -> Figures:
        began_at = asyncio.get_running_loop().time()
        head = await head_of(self._scripts, room_id)
        settled = await self.streams.settled(head.host)
        earlier = await self.streams.earlier(head)
        figures = await self.folds.figures(head, earlier, settled)
        self._fresh[room_id] = began_at, figures
        self._fresh.move_to_end(room_id)
        while len(self._fresh) > FRESH_MAX:
            self._fresh.popitem(last=False)
        return figures
