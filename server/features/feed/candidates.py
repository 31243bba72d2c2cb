"""Candidates: the rooms and notes among which a page is chosen, and what leads to each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from server.background.clock import DAY_MS
from server.features.feed.cursors import code_of
from server.features.feed.memory import NEWEST_MAX as NEWEST_LOOKED_AT
from server.features.feed.memory import TAG_NOTES_MAX, Memory, host_key
from server.features.feed.people import Person
from server.features.feed.settings import FeedSettings

OF_HOST_MAX = 5
"""Newest notes of a host one follows or knows."""
OF_TAG_MAX = 15
TAGS_MAX = 8
"""Tags of what a person read that are followed up, the most frequent first."""
NEAR_MAX = 12
"""Items that go together with one of a person's history."""
HISTORY_MAX = 20
"""Newest different items of a history that are followed up."""
OF_FOLLOWED_MAX = 80
LIVE_MAX = 30
POPULAR_MAX = 40
NEWEST_MAX = 40
OTHERS_PERCENT = 40
"""Of the candidates, so many are left to what is live, popular and new for everybody."""


class Pool:
    """Candidates in the order in which they were found. `given` are the numbers of what earlier
    pages gave (see `cursors`)."""

    def __init__(
        self,
        memory: Memory,
        person: Person,
        given: AbstractSet[int],
        settings: FeedSettings,
        now: int,
    ) -> None:
        self._memory = memory
        self._person = person
        self._given = given
        self._settings = settings
        self._now = now
        self._most = settings.candidates_max
        self.items: dict[str, None] = {}

    def add(self, items: Iterable[str], most: int) -> None:
        """Add those that may be shown, at most so many."""
        for item in items:
            if most <= 0 or len(self.items) >= self._most:
                return
            if item not in self.items and self.may_show(item):
                self.items[item] = None
                most -= 1

    def leave_room(self, percent: int) -> None:
        """Leave so much of the pool to what is added later."""
        self._most = self._settings.candidates_max * (100 - percent) // 100

    def may_show(self, item: str) -> bool:
        """Whether an item is there, was not given before, and is nothing that the person wants to
        see less of."""
        memory, less = self._memory, self._person.less
        if code_of(item) in self._given or rests(self._person, item, self._settings, self._now):
            return False
        note = memory.notes.get(item)
        if note is None:
            host = item[5:]
            return item in memory.live and host not in less["host"] and host != self._person.user
        return not (
            note.author in less["host"]
            or note.author == self._person.user
            or note.note in less["note"]
            or (less["tag"] and not less["tag"].isdisjoint(note.tags))
            or self._is_bought(note.goods)
        )

    def _is_bought(self, goods: Sequence[tuple[str, str]]) -> bool:
        bought = self._person.bought
        return bool(goods) and bool(bought) and all(each in bought for each in goods)


def rests(person: Person, item: str, settings: FeedSettings, now: int) -> bool:
    """Whether a person was shown a note so often, without opening it, that it rests."""
    times, at = person.seen.get(item, (0, 0))
    return (
        times >= settings.seen_times_max
        and item.startswith("note:")
        and now - at < settings.seen_rest_days * DAY_MS
    )


def add_candidates(
    pool: Pool, memory: Memory, person: Person, popular: Sequence[str], live: Sequence[str]
) -> None:
    """Put the items into the pool among which a page for this person is chosen.

    `popular` notes and `live` hosts come with the most popular first.
    """
    pool.leave_room(OTHERS_PERCENT)
    pool.add((key for host in person.follows if (key := host_key(host)) in memory.live), LIVE_MAX)
    pool.add(_newest_of(memory, person.follows), OF_FOLLOWED_MAX)
    recent = _recent(person)
    for item in recent:
        host = memory.host_of(item)
        pool.add((host_key(host),), 1)
        near = memory.covisits.near(item)
        pool.add(sorted(near, key=near.__getitem__, reverse=True), NEAR_MAX)
        pool.add(memory.notes_of_author(host, OF_HOST_MAX), OF_HOST_MAX)
    for tag in tags_of(memory, recent):
        pool.add(memory.notes_of_tag(tag, TAG_NOTES_MAX), OF_TAG_MAX)
    pool.leave_room(0)
    pool.add(live, LIVE_MAX)
    pool.add(popular, POPULAR_MAX)
    pool.add(memory.newest_notes(NEWEST_LOOKED_AT), NEWEST_MAX)


def _newest_of(memory: Memory, hosts: Iterable[str]) -> list[str]:
    """The newest notes of these hosts together."""
    found = [key for host in hosts for key in memory.notes_of_author(host, OF_HOST_MAX)]
    return sorted(found, key=lambda key: memory.notes[key].published, reverse=True)


def _recent(person: Person) -> list[str]:
    """The newest different items of a history."""
    found: dict[str, None] = {}
    for interaction in reversed(person.history):
        found[interaction.item] = None
        if len(found) >= HISTORY_MAX:
            break
    return list(found)


def tags_of(memory: Memory, items: Iterable[str]) -> list[str]:
    """The tags that these notes have most often."""
    counted: Counter[str] = Counter()
    for item in items:
        note = memory.notes.get(item)
        if note is not None:
            counted.update(note.tags)
    return [tag for tag, _ in counted.most_common(TAGS_MAX)]
