"""A market: a seeded generator of people, hosts, notes and rooms (docs/feed-evaluation.md).

What it assumes was set before any weight of the feed was tuned, and not changed for it.
"""

import bisect
import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from loadtest.feed.dataset import Item, Place
from server.features.feed.covisits import DAY_MS, Interaction

BEGAN = 1_764_547_200_000
"""Midnight, 1 December 2025 (UTC)."""
HOUR_MS = 3_600_000
TOPICS = 16
STYLES = 6
"""Dimensions of taste that no tag names."""
NOTE_LIFE_MS = 5 * DAY_MS
"""How long notes are looked at."""
NOTES_LOOKED_AT = 80
HABIT_HALF_LIFE_MS = 10 * DAY_MS
DRIFT_A_WEEK = 0.2
"""The share of people who replace one of their interests in a week."""
CROWD = 0.15
"""The share of choices that follow the crowd, whatever the taste."""


class Scale(NamedTuple):
    """The size of a market."""

    people: int = 2000
    hosts: int = 300
    days: int = 28
    notes_a_day: int = 90
    sessions_a_day: float = 0.8
    """Of the median person."""


class _Host(NamedTuple):
    name: str
    topics: dict[int, float]
    style: list[float]
    size: float
    """The logarithm of how well the host is known."""
    born: int
    weekdays: Sequence[int]
    hour: float
    hours: float


class _Note(NamedTuple):
    name: str
    author: int
    topic: int
    appeal: float
    published: int


class _Person:
    """Somebody with interests that drift, habits that fade, and hours at which they come."""

    def __init__(self, name: str, rng: random.Random, days: float) -> None:
        self.name = name
        self.rate = days * math.exp(rng.gauss(0, 1))
        self.hour = rng.gauss(20.5, 2.5)
        self.topics = _mix(rng, rng.choice((1, 2, 2, 3, 4)))
        self.style = _style(rng)
        self.habits: dict[int, tuple[float, int]] = {}
        """By host how often they were there, decayed, and when they were last (ms)."""
        self.follows: set[int] = set()
        self.opened: set[str] = set()
        self.liking: dict[int, float] = {}
        """By host how much of their taste is met, as long as it stays the same."""

    def drift(self, rng: random.Random) -> None:
        """Replace one interest."""
        topics = list(self.topics)
        topics[rng.randrange(len(topics))] = rng.randrange(TOPICS)
        self.topics = dict(zip(topics, self.topics.values(), strict=True))
        self.liking.clear()

    def habit(self, host: int, at: int) -> float:
        """Return how used a person is to a host."""
        weight, last = self.habits.get(host, (0.0, at))
        fading: float = 0.5 ** ((at - last) / HABIT_HALF_LIFE_MS)
        return weight * fading


class Market:
    """Everything that happened in a market, made from its seed. A `Dataset`."""

    def __init__(self, seed: int, scale: Scale) -> None:
        self._rng = random.Random(seed)
        self._scale = scale
        self._hosts = [self._host(n) for n in range(scale.hosts)]
        self._shows = self._schedule()
        self._notes = self._publish()
        self._published = [note.published for note in self._notes]
        self._audience = [0.0] * scale.hosts
        """How many came to each host lately: the crowd."""
        self.items: dict[str, Item] = {
            host.name: Item(host.name[5:], tuple(map(_tag, host.topics)), host.born)
            for host in self._hosts
        } | {
            note.name: Item(self._hosts[note.author].name[5:], (_tag(note.topic),), note.published)
            for note in self._notes
        }
        self.acts: list[Interaction] = sorted(self._live(), key=lambda act: act.at)

    def candidates(self, place: Place, at: int) -> Sequence[str]:
        """See `Dataset`."""
        if place == "rooms":
            return [self._hosts[host].name for host in self._live_at(at)]
        return [note.name for note in self._notes_at(at)]

    # What there is

    def _host(self, number: int) -> _Host:
        rng = self._rng
        is_newcomer = rng.random() < 0.2
        born = BEGAN + (int(rng.random() * self._scale.days * DAY_MS) if is_newcomer else -DAY_MS)
        return _Host(
            f"host:h{number}", _mix(rng, rng.choice((1, 1, 2))), _style(rng), rng.gauss(0, 1), born,
            rng.sample(range(7), rng.choice((2, 3, 4, 5, 6))), rng.gauss(20, 3) % 24,
            1 + 3 * rng.random(),
        )  # fmt: skip

    def _schedule(self) -> list[list[int]]:
        """The hosts who are live, by quarter of an hour."""
        shows: list[list[int]] = [[] for _ in range(self._scale.days * 96 + 96)]
        for number, host in enumerate(self._hosts):
            for day in range(self._scale.days):
                if day % 7 not in host.weekdays or BEGAN + day * DAY_MS < host.born:
                    continue
                first = int((day * 24 + host.hour + self._rng.gauss(0, 0.4)) * 4)
                for quarter in range(max(0, first), first + int(host.hours * 4)):
                    if quarter < len(shows):
                        shows[quarter].append(number)
        return shows

    def _publish(self) -> list[_Note]:
        """Notes of all days; hosts write as much as they are known, on their topics."""
        rng, notes = self._rng, list[_Note]()
        for day in range(self._scale.days):
            there = [n for n, h in enumerate(self._hosts) if h.born < BEGAN + (day + 1) * DAY_MS]
            sizes = [math.exp(0.5 * self._hosts[n].size) for n in there]
            for author in rng.choices(there, sizes, k=self._scale.notes_a_day):
                host = self._hosts[author]
                topic = rng.choices(list(host.topics), list(host.topics.values()))[0]
                if rng.random() < 0.15:
                    topic = rng.randrange(TOPICS)
                at = max(BEGAN + int((day + rng.random()) * DAY_MS), host.born)
                notes.append(_Note("", author, topic, rng.gauss(0, 1), at))
        notes.sort(key=lambda note: note.published)
        return [note._replace(name=f"note:n{n}") for n, note in enumerate(notes)]

    def _live_at(self, at: int) -> Sequence[int]:
        quarter = (at - BEGAN) // (HOUR_MS // 4)
        return self._shows[quarter] if 0 <= quarter < len(self._shows) else ()

    def _notes_at(self, at: int) -> Sequence[_Note]:
        first = bisect.bisect_left(self._published, at - NOTE_LIFE_MS)
        return self._notes[first : bisect.bisect_right(self._published, at)]

    # What people do

    def _live(self) -> Iterator[Interaction]:
        """Everybody's days, in the order of time, as the crowd moves."""
        rng, scale = self._rng, self._scale
        people = [_Person(f"p{n}", rng, scale.sessions_a_day) for n in range(scale.people)]
        for day in range(scale.days):
            if day % 7 == 6:
                for person in people:
                    if rng.random() < DRIFT_A_WEEK:
                        person.drift(rng)
            self._audience = [0.7 * crowd for crowd in self._audience]
            sessions = [
                (BEGAN + int((day * 24 + rng.gauss(person.hour, 1.5) % 24) * HOUR_MS), person)
                for person in people
                for _ in range(_poisson(rng, min(6.0, person.rate)))
            ]
            for at, person in sorted(sessions, key=lambda session: session[0]):
                yield from self._session(person, at)

    def _session(self, person: _Person, at: int) -> Iterator[Interaction]:
        rng = self._rng
        for _ in range(rng.choice((1, 1, 2, 2, 3))):
            if rng.random() < 0.6:
                yield from self._watch(person, at)
                at += int(rng.expovariate(1 / 25) * 60_000)
            else:
                yield from self._open(person, at)
                at += int(rng.expovariate(1 / 3) * 60_000)

    def _watch(self, person: _Person, at: int) -> Iterator[Interaction]:
        live = self._live_at(at)
        if not live:
            return
        if self._rng.random() < CROWD:
            host = self._rng.choices(live, [1 + self._audience[each] for each in live])[0]
        else:
            host = max(live, key=lambda each: self._likes_host(person, each, at) + self._luck())
        yield from self._go(person, host, at)

    def _go(self, person: _Person, host: int, at: int) -> Iterator[Interaction]:
        """Visit a host, and do there what one likes."""
        rng, name = self._rng, self._hosts[host].name
        yield Interaction(person.name, name, "watch", at)
        self._audience[host] += 1
        person.habits[host] = person.habit(host, at) + 1, at
        liking = self._match(person, host)
        if host not in person.follows and rng.random() < 0.1 + 0.2 * liking:
            person.follows.add(host)
            yield Interaction(person.name, name, "follow", at + 60_000)
        if rng.random() < 0.15 * liking + 0.05:
            yield Interaction(person.name, name, "ask", at + 120_000)
        if rng.random() < 0.15 * liking + 0.02:
            yield Interaction(person.name, name, "buy", at + 180_000)

    def _open(self, person: _Person, at: int) -> Iterator[Interaction]:
        there = [note for note in self._notes_at(at) if note.name not in person.opened]
        if not there:
            return
        looked = self._rng.sample(there, min(NOTES_LOOKED_AT, len(there)))
        note = max(looked, key=lambda each: self._likes_note(person, each, at) + self._luck())
        yield from self._read(person, note, at)

    def _read(self, person: _Person, note: _Note, at: int) -> Iterator[Interaction]:
        """Open a note, do with it what one likes, and go to its author if they are live."""
        rng = self._rng
        person.opened.add(note.name)
        yield Interaction(person.name, note.name, "open", at)
        liking = person.topics.get(note.topic, 0.0)
        if rng.random() < 0.2 + 0.3 * liking:
            yield Interaction(person.name, note.name, "like", at + 20_000)
        if rng.random() < 0.05 + 0.15 * liking:
            yield Interaction(person.name, note.name, "collect", at + 30_000)
        if note.author in self._live_at(at + 60_000) and rng.random() < 0.2 + 0.3 * liking:
            yield from self._go(person, note.author, at + 60_000)

    def _match(self, person: _Person, host: int) -> float:
        """From 0 to 1: how much topics are shared."""
        topics = self._hosts[host].topics
        return sum(weight * topics.get(topic, 0.0) for topic, weight in person.topics.items())

    def _likes_host(self, person: _Person, number: int, at: int) -> float:
        liking = person.liking.get(number)
        if liking is None:
            host = self._hosts[number]
            liking = 3.0 * self._match(person, number) + _dot(person.style, host.style)
            liking = person.liking[number] = liking + 0.6 * host.size
        return (
            liking
            + 0.9 * math.log1p(person.habit(number, at))
            + (0.5 if number in person.follows else 0.0)
        )

    def _likes_note(self, person: _Person, note: _Note, at: int) -> float:
        host = self._hosts[note.author]
        return (
            2.5 * person.topics.get(note.topic, 0.0)
            + 0.7 * _dot(person.style, host.style)
            + 0.4 * host.size
            + 0.6 * note.appeal
            + 0.5 * math.log1p(person.habit(note.author, at))
            + (0.5 if note.author in person.follows else 0.0)
            - (at - note.published) / (2 * DAY_MS)
        )

    def _luck(self) -> float:
        """Gumbel noise: with it, the best of all is a draw by the exponentials of the utilities."""
        return -math.log(-math.log(self._rng.random() or 1e-12))


def _tag(topic: int) -> str:
    return f"t{topic}"


def _mix(rng: random.Random, most: int) -> dict[int, float]:
    """Weights of up to so many topics, that sum to 1. The first topics are liked by more."""
    topics = {min(int(rng.paretovariate(0.6)) - 1, TOPICS - 1) for _ in range(most)}
    topics = {each if rng.random() < 0.5 else rng.randrange(TOPICS) for each in sorted(topics)}
    weights = [0.3 + rng.random() for _ in topics]
    return {topic: w / sum(weights) for topic, w in zip(sorted(topics), weights, strict=True)}


def _style(rng: random.Random) -> list[float]:
    return [rng.gauss(0, 1) / math.sqrt(STYLES) for _ in range(STYLES)]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(float.__mul__, one, other)) * math.sqrt(STYLES)


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's method, for small means."""
    limit, k, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        k += 1
        product *= rng.random()
    return k
