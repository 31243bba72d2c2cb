"""Choice: what a page has for a person, the best first, from what the memory knows."""

import heapq
import random
from collections.abc import Collection
from collections.abc import Set as AbstractSet

from server.features.feed.candidates import Pool, add_candidates
from server.features.feed.diversity import Kinds, Window, diversified
from server.features.feed.memory import Memory
from server.features.feed.newcomers import Newcomer, chosen
from server.features.feed.people import Person
from server.features.feed.scoring import Candidate, Scored, score, taste_of
from server.features.feed.settings import FeedSettings
from server.features.feed.weights import FeedWeights

LIVE_KEPT_MAX = 300
"""Live hosts that are found by how popular they are."""
LOOKED_AT_MAX = 200
"""Of the best, so many are put in an order with too much of nobody."""
NEEDY_MAX = 300
"""Newcomers among which those of a page are drawn: a sample of all of these, by their need."""


class Chooser:
    """Chooses rows. What is the same for everybody is made anew with `refresh`."""

    def __init__(
        self, memory: Memory, settings: FeedSettings, weights: FeedWeights, rng: random.Random
    ) -> None:
        self._memory = memory
        self._settings = settings
        self._weights = weights
        self._rng = rng
        self._popular: list[str] = []
        self._live: list[str] = []
        self._needy: list[Newcomer] = []

    def refresh(self, now: int) -> None:
        """Look anew which notes and live hosts are popular, and which newcomers are in need."""
        memory = self._memory
        top = memory.popularity.top()
        notes = [item for item in top if item in memory.notes]
        self._popular = sorted(notes, key=top.__getitem__, reverse=True)
        self._live = heapq.nlargest(
            LIVE_KEPT_MAX, memory.live, key=lambda item: memory.popularity.now(item, now)
        )
        there = [each for each in memory.newcomers.values() if memory.is_shown(each.item)]
        if len(there) > NEEDY_MAX:
            window_ms = self._settings.newcomer_window_ms
            items = chosen(there, (), NEEDY_MAX, now, window_ms, self._rng)
            there = [memory.newcomers[item] for item in items]
        self._needy = there

    def pool(self, person: Person, given: AbstractSet[int], now: int) -> Pool:
        """The candidates of a person."""
        pool = Pool(self._memory, person, given, self._settings, now)
        add_candidates(pool, self._memory, person, self._popular, self._live)
        return pool

    def ranked(self, pool: Pool, person: Person, most: int, now: int) -> list[Scored]:
        """The best candidates, at most so many, with too much of nobody."""
        memory, weights = self._memory, self._weights
        taste = taste_of(person.history, person.follows, now, weights, memory.covisits, memory)
        scored = score(taste, self._candidates(pool, person, now), now, weights)
        rows = [
            (each, Kinds(memory.host_of(each.item), memory.tags_of(each.item)))
            for each in scored[:LOOKED_AT_MAX]
        ]
        settings = self._settings
        window = Window(settings.window_rows, settings.window_host_max, settings.window_tag_max)
        return diversified(rows, most, window)

    def newcomers(self, pool: Pool, most: int, now: int, earned: Collection[str]) -> list[str]:
        """Newcomers for a person, at most so many: drawn by what they need, without those who have
        `earned` a row."""
        if most <= 0 or not self._needy:
            return []
        window_ms = self._settings.newcomer_window_ms
        drawn = chosen(self._needy, earned, len(self._needy), now, window_ms, self._rng)
        found: list[str] = []
        for item in drawn:
            if len(found) >= most:
                break
            if pool.may_show(item):
                found.append(item)
        return found

    def _candidates(self, pool: Pool, person: Person, now: int) -> list[Candidate]:
        memory = self._memory
        popular = memory.popularity.now
        candidates = []
        for item in pool.items:
            times, _ = person.seen.get(item, (0, 0))
            note = memory.notes.get(item)
            if note is not None:
                host, tags, began = note.author, note.tags, note.published
            else:
                live = memory.live[item]
                host, tags, began = live.host, (), live.live[live.room]
            candidates.append(Candidate(item, host, tags, began, popular(item, now), times))
        return candidates
