"""Scoring: how much speaks for each candidate of a person's feed, as a sum of parts that can be
told. Pure.

Each part is from 0 to 1 and counts with its published weight (`FeedWeights`). A part is the code of
a reason; `seen` alone is taken off, and is no reason.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, NamedTuple, Protocol

from server.features.feed.covisits import DAY_MS, KIND_WEIGHTS, CoVisits, Interaction
from server.features.feed.weights import FeedWeights

Code = Literal["follow", "again", "bought", "near", "tag", "popular", "fresh"]
VISITS = {"watch": 1.0, "open": 0.5}
"""How much an interaction says that a person comes back to its host: in a room they were with the
host, a note was only read."""
HISTORY_MAX = 20
"""Newest different items of a history that lead to others."""
_OFTEN = math.log1p(100)
HOUR_MS = 3_600_000


class Known(Protocol):
    """Tells the scoring what is known of items."""

    def host_of(self, item: str) -> str:
        """The host or author of an item; '' if it is not known."""

    def tags_of(self, item: str) -> Sequence[str]:
        """The tags of an item; none if it is not known."""


class Candidate(NamedTuple):
    """What may be in a feed. `began`: when a note was published or a room went live (Unix ms), 0 if
    unknown; `popularity` as it is now, in any unit; `seen`: how often this person was shown it and
    did not open it."""

    item: str
    host: str
    tags: Sequence[str] = ()
    began: int = 0
    popularity: float = 0.0
    seen: int = 0


class Reason(NamedTuple):
    """A part of a score: what it adds, and the tag or the item of the history that it is about."""

    code: Code
    adds: float
    about: str = ""


class Scored(NamedTuple):
    """A candidate with its score, and what speaks for it: the weightiest first."""

    item: str
    score: float
    reasons: Sequence[Reason]


class Taste(NamedTuple):
    """What a person's history says, each weight from 0 to 1: hosts they come back to and bought
    from, tags, and items that go with theirs, each with the item it goes with most."""

    follows: Collection[str]
    again: Mapping[str, float]
    bought: Mapping[str, float]
    tags: Mapping[str, float]
    near: Mapping[str, tuple[float, str]]


def taste_of(
    history: Iterable[Interaction],
    follows: Collection[str],
    now: int,
    weights: FeedWeights,
    covisits: CoVisits,
    known: Known,
) -> Taste:
    """Read a history, the newest last; `follows` are hosts."""
    tau = weights.memory_days * DAY_MS / math.log(2)
    items: dict[str, None] = {}
    visits: dict[str, float] = {}
    bought: dict[str, float] = {}
    tags: dict[str, float] = {}
    for _, item, kind, at in history:
        items.pop(item, None)
        items[item] = None  # the newest are last
        decay = math.exp(min(0, at - now) / tau)
        if kind in VISITS:
            host = known.host_of(item)
            visits[host] = visits.get(host, 0.0) + VISITS[kind] * decay
        elif kind == "buy":
            host = known.host_of(item)
            bought[host] = bought.get(host, 0.0) + decay
        for tag in known.tags_of(item):
            tags[tag] = tags.get(tag, 0.0) + KIND_WEIGHTS.get(kind, 0.0) * decay
    visits.pop("", None)
    newest = list(items)[-HISTORY_MAX:]
    return Taste(follows, _drawn(visits), _drawn(bought), _shares(tags), _near(newest, covisits))


def score(
    taste: Taste, candidates: Sequence[Candidate], now: int, weights: FeedWeights
) -> list[Scored]:
    """Return the candidates, the best first; of equals, the first one given.

    Popularity is compared among candidates of one kind: a room has more visits than a note.
    """
    most = dict.fromkeys(map(_kind_of, candidates), 0.0)
    for each in candidates:
        kind = _kind_of(each)
        most[kind] = max(most[kind], each.popularity)
    logs = {kind: math.log1p(popularity) or 1.0 for kind, popularity in most.items()}
    scored = [_scored(taste, each, logs[_kind_of(each)], now, weights) for each in candidates]
    scored.sort(key=attrgetter("score"), reverse=True)
    return scored


def _kind_of(candidate: Candidate) -> str:
    return candidate.item[:5]


def _scored(
    taste: Taste, candidate: Candidate, most: float, now: int, weights: FeedWeights
) -> Scored:
    item, host, tags, began, popularity, seen = candidate
    reasons: list[Reason] = []
    if host in taste.follows:
        reasons.append(Reason("follow", weights.weight_follow, host))
    if again := taste.again.get(host):
        reasons.append(Reason("again", weights.weight_again * again, host))
    if bought := taste.bought.get(host):
        reasons.append(Reason("bought", weights.weight_bought * bought, host))
    near = taste.near.get(item)
    if near is not None:
        reasons.append(Reason("near", weights.weight_near * near[0], near[1]))
    if tags and (shared := [tag for tag in tags if tag in taste.tags]):
        best = max(shared, key=taste.tags.__getitem__)
        part = min(1.0, sum(map(taste.tags.__getitem__, shared)))
        reasons.append(Reason("tag", weights.weight_tag * part, best))
    if popularity > 0:
        part = math.log1p(popularity) / most
        reasons.append(Reason("popular", weights.weight_popular * part))
    if began:
        part = 0.5 ** (max(0, now - began) / (weights.fresh_hours * HOUR_MS))
        reasons.append(Reason("fresh", weights.weight_fresh * part))
    reasons.sort(key=attrgetter("adds"), reverse=True)
    total = sum(map(attrgetter("adds"), reasons)) - weights.weight_seen * seen
    return Scored(item, total, reasons)


def _near(items: Sequence[str], covisits: CoVisits) -> dict[str, tuple[float, str]]:
    """Return what goes with these items: the root of the mean weight, as most weights are small."""
    sums: dict[str, float] = {}
    best: dict[str, float] = {}
    about: dict[str, str] = {}
    for item in items:
        for other, weight in covisits.near(item).items():
            if other in sums:
                sums[other] += weight
                if weight <= best[other]:
                    continue
            else:
                sums[other] = weight
            best[other] = weight
            about[other] = item
    return {other: (math.sqrt(weight / len(items)), about[other]) for other, weight in sums.items()}


def _drawn(sums: Mapping[str, float]) -> dict[str, float]:
    """Draw sums into 0 to 1, as a logarithm: the first times say most, 100 say all."""
    return {name: min(1.0, math.log1p(times) / _OFTEN) for name, times in sums.items()}


def _shares(sums: Mapping[str, float]) -> dict[str, float]:
    whole = sum(sums.values()) or 1.0
    return {name: weight / whole for name, weight in sums.items()}
