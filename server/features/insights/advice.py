"""Advice before a stream. Pure: numbers in, lines out, each with its numbers and its reason."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Literal, NamedTuple

from msgspec import Struct

from server.features.insights.weeks import hour_of_day
from server.features.search.words import folded, runs_of
from server.text.folding import GAPS

AdviceCode = Literal["best_hour", "goods_asked", "write_note", "tell"]
GOODS_MAX = 3
QUESTIONS_MAX = 3
ASKED_MIN = 2
"""A question of one person is no reason to write a note."""


class Advice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of advice, by `code`, over the last `days`:

    `best_hour`: begin between `hour` and the hour after, when `people` of the `of` followers who
    were here at all came into a room. `goods_asked`: show `title` (`sku`), whose link `people`
    asked for, and `bought` of them bought it. `write_note`: about what `people` asked (`text`, of
    the product `sku`, if it was about one) in so many `streams`; no note answers it. `tell`: of
    `of` followers who bought or asked, `people` have not been in a room of the host since.
    """

    code: AdviceCode
    days: int
    people: int
    of: int = 0
    hour: int | None = None
    sku: str = ""
    title: str = ""
    text: str = ""
    bought: int = 0
    streams: int = 0


class AskedGoods(NamedTuple):
    """A product, who asked for it, and who of them bought it."""

    sku: str
    title: str
    askers: Collection[str]
    buyers: Collection[str]


class AskedQuestion(NamedTuple):
    """A question of one stream; equal ones were asked by `asked` people there."""

    life: int
    sku: str
    text: str
    asked: int


class KnownNote(NamedTuple):
    """The parts of a note that tell what it is about: its skus and its words."""

    skus: Collection[str]
    words: str


def best_hour(presence: Iterable[tuple[str, int]], zone: tzinfo, days: int) -> list[Advice]:
    """The hour of the day in which most different followers came into a room. `presence` are
    followers with hours since 1970; nothing to say if nobody was here."""
    by_hour: dict[int, set[str]] = defaultdict(set)
    times = Counter[int]()
    for user, hour in presence:
        of_day = hour_of_day(hour, zone)
        by_hour[of_day].add(user)
        times[of_day] += 1
    if not by_hour:
        return []
    # Of hours with as many people, the one they came in more often; then the later one.
    best = max(by_hour, key=lambda hour: (len(by_hour[hour]), times[hour], hour))
    everybody = set[str]().union(*by_hour.values())
    return [
        Advice(code="best_hour", days=days, hour=best, people=len(by_hour[best]), of=len(everybody))
    ]


def goods_asked(goods: Iterable[AskedGoods], days: int) -> list[Advice]:
    """The goods most asked for; those first that fewest of their askers bought, of equals."""
    found = [each for each in goods if each.sku and each.askers]
    found.sort(key=lambda each: (-len(each.askers), len(each.buyers), each.sku))
    return [
        Advice(
            code="goods_asked", days=days, sku=each.sku, title=each.title,
            people=len(each.askers), bought=len(each.buyers),
        )
        for each in found[:GOODS_MAX]
    ]  # fmt: skip


def notes_to_write(
    questions: Sequence[AskedQuestion],
    notes: Sequence[KnownNote],
    titles: Mapping[str, str],
    days: int,
) -> list[Advice]:
    """Questions asked by several that no note answers. A note answers a question if it shows the
    product, or has all words of a question that is about none."""
    alike: dict[tuple[str, str], list[AskedQuestion]] = defaultdict(list)
    for each in questions:
        alike[each.sku, folded(each.text).strip(GAPS)].append(each)
    words_of = [(note.skus, _words(note.words)) for note in notes]
    found = []
    for (sku, _), same in alike.items():
        asked = sum(each.asked for each in same)
        if asked < ASKED_MIN or _is_answered(sku, same[0].text, words_of):
            continue
        found.append(
            Advice(
                code="write_note", days=days, sku=sku, title=titles.get(sku, ""),
                text=same[0].text, people=asked, streams=len({each.life for each in same}),
            )
        )  # fmt: skip
    found.sort(key=lambda line: (-line.people, -line.streams, line.sku, line.text))
    return found[:QUESTIONS_MAX]


def who_to_tell(ties: Mapping[str, int], last_here: Mapping[str, int], days: int) -> list[Advice]:
    """Return how many followers have not been at the host's since the hour in which they bought or
    asked last. Both are user -> hour since 1970."""
    away = sum(last_here.get(user, 0) <= hour for user, hour in ties.items())
    return [Advice(code="tell", days=days, people=away, of=len(ties))] if away else []


def _is_answered(
    sku: str, text: str, notes: Iterable[tuple[Collection[str], frozenset[str]]]
) -> bool:
    if sku:
        return any(sku in skus for skus, _ in notes)
    asked = _words(text)
    return any(asked <= words for _, words in notes)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for run in runs_of(text) for word in run.words)
