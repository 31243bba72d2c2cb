"""Tells one endpoint what waits for it: rooms at the same time, each in the order of its ledger.

A line is told after those before it in its room were taken, or given up. A room that fails pauses
alone; an endpoint that can't take anything pauses as a whole, and one try tells when it is back.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from server.background.repeating import Errands
from server.background.troubles import Troubles
from server.features.outbox.turns import Turns
from server.features.webhooks.endpoints import Endpoint, EndpointBook
from server.features.webhooks.events import WebhookEvent, event_of, id_of, wants
from server.features.webhooks.places import Delivery, Place, PlaceBook, RoomKey, Waiting
from server.features.webhooks.sender import GONE, Outcome, Sender
from server.features.webhooks.settings import WebhookSettings
from server.rooms.ledger_lines import LineBook
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

ENTRIES_MAX = 20
"""Entries of a room's ledger that are read, and told before the place is noted."""
ENTRY_BYTES_MAX = 262_144
"""Bytes of these, as they are stored; one is always read."""
STRETCH_S = 2.0
"""Time after which the place is noted, though more of what was read waits."""
END_S_MAX = 2.0
"""Time that posts under way have to end when a worker stops."""
_PAUSE_GROWS = 3
_WORDS_CHARS_MAX = 300
_JITTER = 0.2
"""A pause is longer or shorter by up to this part, so that many don't end together."""


class _Told(NamedTuple):
    """How far a room was told, when that line was written (Unix ms), and what became of the line
    behind it: None if it was not sent."""

    n: int
    at: int
    deliveries: list[Delivery]
    failed: tuple[int, WebhookEvent, Outcome] | None = None


class Courier:
    """The deliveries to one endpoint, by the worker that has the lease."""

    def __init__(
        self,
        endpoint: Endpoint,
        places: PlaceBook,
        endpoints: EndpointBook,
        sender: Sender,
        lines: LineBook,
        settings: WebhookSettings,
        metrics: Metrics,
        random: Random,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.endpoint = endpoint
        self._places = places
        self._endpoints = endpoints
        self._sender = sender
        self._lines = lines
        self._settings = settings
        self._metrics = metrics
        self._random = random
        self._clock = clock
        errands = Errands("webhook room")
        self._troubles: Troubles = errands.troubles
        self._turns = Turns(errands, self._turn, settings.posts_at_once)
        self._is_ending = False
        self._away_tries = 0
        self._back_at = 0.0
        """Before this time (Unix s) nothing is tried, because the endpoint as a whole failed."""

    @property
    def _may_post(self) -> bool:
        is_active = self.endpoint.state == "active" and not self._is_ending
        return is_active and self._clock() >= self._back_at

    def follow(self, endpoint: Endpoint) -> None:
        """Go on with the endpoint as it is now. One that was changed may take what it did not."""
        if endpoint.changed != self.endpoint.changed:
            self._away_tries, self._back_at = 0, 0.0
        self.endpoint = endpoint

    async def look(self) -> None:
        """Give turns to rooms with something to tell. Raises RecordsAway."""
        if not self._may_post:
            return
        for key in await self._places.due(self.endpoint.id, 4 * self._settings.posts_at_once):
            name = f"{key.made} {key.room}"
            if self._troubles.may_try(self._subject(name)):
                self._turns.add(name)

    def _subject(self, name: str) -> str:
        return f"{self.endpoint.id} {name}"

    async def finish(self) -> None:
        """Wait until no room has a turn or waits for one."""
        await self._turns.finish()

    async def aclose(self) -> None:
        """Let posts that are under way end and be noted, for `END_S_MAX`; then end all turns. What
        was taken and not noted is told again."""
        self._is_ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S_MAX):
                await self._turns.finish()
        await self._turns.aclose()

    async def _turn(self, name: str) -> bool:
        """Tell what waits in a room; True if more does, and other rooms wait for a turn."""
        made, _, room = name.partition(" ")
        key = RoomKey(self.endpoint.id, room, int(made))
        try:
            while self._may_post and await self.deliver(key):
                if self._turns.are_awaited:
                    return True
        except Exception as error:
            self._troubles.failed(error, self._subject(name))
        else:
            self._troubles.works(self._subject(name))
        return False

    async def deliver(self, key: RoomKey) -> bool:
        """Tell the next lines of a room; whether to go on there. Raises RecordsAway."""
        waiting = await self._places.waiting(key, ENTRIES_MAX, ENTRY_BYTES_MAX)
        if waiting is None:
            return False
        place = waiting.place
        told = await self._tell(key, waiting)
        if told.failed is not None:
            return await self._failed(key, place, told)
        if told.n == place.n:
            return False
        return await self._note(key, place, told.n, told)

    async def _note(self, key: RoomKey, place: Place, n: int, told: _Told, **state: Any) -> bool:
        """Note that a room is told up to `n`; whether the place was still where it was read."""
        if told.n > place.highest and told.at:
            # What waits is not older than this; what a replay tells waits since it was asked for.
            state["waits_since"] = told.at
        return await self._places.note(key, place, n, told.deliveries, **state)

    async def _tell(self, key: RoomKey, waiting: Waiting) -> _Told:
        until, n, at = time.monotonic() + STRETCH_S, waiting.place.n, 0
        deliveries: list[Delivery] = []
        for number, line in waiting.lines:
            if time.monotonic() > until or not self._may_post:
                return _Told(n, at, deliveries)
            try:
                event = self._event_of(key, waiting.place, number, line)
            except Exception as error:  # it must not hold up those behind it
                deliveries.append(_unreadable(key, number, error))
                event = None
            if event is not None:
                outcome = await self._post(event)
                if outcome.error:
                    return _Told(n, at, deliveries, (number, event, outcome))
                deliveries.append(_delivery(event, outcome, "ok"))
                at = event.at
            n = number
        return _Told(waiting.end, at, deliveries)

    def _event_of(
        self, key: RoomKey, place: Place, n: int, line: Mapping[str, Any] | None
    ) -> WebhookEvent | None:
        """The event of a line; None if this endpoint is not told it. Raises whatever it may if the
        line can't be read."""
        if line is None:
            raise ValueError("its entry is damaged")
        if n <= place.highest and line["at"] < place.since:
            return None  # a replay begins later
        if not wants(self.endpoint.kinds, self._lines.type_of(line)):
            return None
        return event_of(self._lines, key.room, key.made, n, line)

    async def _post(self, event: WebhookEvent) -> Outcome:
        outcome = await self._sender.post(self.endpoint, event)
        kind = "ok" if not outcome.error else "refused" if outcome.status else "unanswered"
        self._metrics.webhook_posts.labels(self.endpoint.id, kind).inc()
        if (
            outcome.is_away and self._clock() >= self._back_at
        ):  # of several at once, the first counts
            self._away_tries += 1
            self._back_at = self._clock() + self._pause_s(self._away_tries, outcome.wait_s)
        elif not outcome.error:
            self._away_tries = 0
        return outcome

    async def _failed(self, key: RoomKey, place: Place, told: _Told) -> bool:
        """Note a failure: the room pauses, or the line is given up, or the endpoint disabled."""
        assert told.failed is not None
        number, event, outcome = told.failed
        is_first = told.n > place.n or not place.tries
        tries = 1 if is_first else place.tries + 1
        now = int(self._clock() * 1000)
        since = now if is_first else place.failing_since
        over = now - since >= self._settings.retry_for_s * 1000 and not is_first
        if over and (await self._endpoints.one(self.endpoint.id)).ok_at > since:
            _log.error(
                "Event %s of room %s is given up at the webhook %s: %s.",
                *(event.id, key.room, self.endpoint.id, outcome.error),
            )
            told.deliveries.append(_delivery(event, outcome, "given_up"))
            return await self._note(key, place, number, told)
        pause_s = self._pause_s(tries, outcome.wait_s)
        told.deliveries.append(_delivery(event, outcome, "failing"))
        await self._note(
            key, place, told.n, told, tries=tries, failing_since=since,
            again_at=now + int(pause_s * 1000), away=outcome.is_away,
        )  # fmt: skip
        if outcome.status == GONE:
            await self._disable("it answered 410 Gone: it does not want events any more")
        elif over:
            began = datetime.fromtimestamp(since / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
            await self._disable(f"it took nothing since {began}: {outcome.error}")
        return False

    async def _disable(self, reason: str) -> None:
        _log.error("The webhook %s is disabled: %s.", self.endpoint.id, reason)
        changed = await self._endpoints.change(
            self.endpoint.id, state="disabled", reason=f"{reason[0].upper()}{reason[1:]}."
        )
        self.endpoint = changed

    def _pause_s(self, tries: int, wait_s: float) -> float:
        limits = self._settings
        grown = limits.retry_s * float(_PAUSE_GROWS ** min(tries - 1, 30))
        jitter = 1 + self._random.uniform(-_JITTER, _JITTER)
        return max(min(grown, max(limits.retry_max_s, limits.retry_s)) * jitter, wait_s)


def _delivery(event: WebhookEvent, outcome: Outcome, state: str) -> Delivery:
    return Delivery(
        event=event.id,
        type=event.type,
        room=event.room,
        n=event.n,
        state=state,
        status=outcome.status,
        latency_ms=outcome.latency_ms,
        error=outcome.error,
    )


def _unreadable(key: RoomKey, n: int, error: Exception) -> Delivery:
    return Delivery(
        event=id_of(key.room, key.made, n, {}),
        type="",
        room=key.room,
        n=n,
        state="given_up",
        status=0,
        latency_ms=0,
        error=f"the line can't be read ({type(error).__name__}: {error})"[:_WORDS_CHARS_MAX],
    )
