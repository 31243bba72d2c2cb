"""The types of what a host is told. Money is by currency in minor units."""

from msgspec import Struct

from server.features.figures.reckoning.models import Amounts

WEEKS_BEFORE = 4
"""Whole weeks that the week that is on is compared with."""


class WeekSpan(Struct, frozen=True):
    """A time from `starts` to before `ends` (Unix ms)."""

    starts: int
    ends: int


class WeekNumbers(Struct, kw_only=True):
    """What one source brought in a time.

    `opened`: people who opened the note. `people` came from it into a room of the host, and
    `guests` beside them, who had not signed in. `buyers` placed paid `orders` having come from it;
    `paid` is what they paid, `back` what went back of that by now.
    """

    opened: int = 0
    people: int = 0
    guests: int = 0
    buyers: int = 0
    orders: int = 0
    paid: Amounts = {}
    back: Amounts = {}


class ComparedWeeks(Struct, kw_only=True):
    """The week that is on, the week before up to the same time of the week, and whole earlier
    weeks, the newest first."""

    now: WeekNumbers
    by_then: WeekNumbers
    before: list[WeekNumbers]


class BoughtGoods(Struct, frozen=True):
    """A product in the orders of all the weeks shown; `returned` of its units came back."""

    sku: str
    title: str
    units: int
    returned: int


class Buyer(Struct, frozen=True):
    """A customer of the host, with their orders of all the weeks shown."""

    user: str
    name: str
    orders: int


class BroughtRow(ComparedWeeks, kw_only=True):
    """A note or a search, and what it brought. `ref` is the note; for a search it is empty, and
    `title` are its words."""

    ref: str
    title: str
    author: str = ""
    bought: list[BoughtGoods] = []
    buyers: list[Buyer] = []


class SoughtRow(Struct, kw_only=True):
    """What people sought and did not find: how often in the week that is on and in whole earlier
    weeks (the newest first), by how many people in the week of them that had most."""

    text: str
    now: int
    before: list[int]
    people: int
    days: list["SoughtDay"]


class SoughtDay(Struct, frozen=True):
    """A day (`starts` at this Unix ms) with searches of which so many found nothing."""

    starts: int
    searches: int
    empty: int


class InsightsView(Struct, kw_only=True):
    """What a host learns. Days and weeks (from Monday) are those of `zone`.

    `now`, `by_then` and `before` are the times that are compared. `notes` and `searches` are what
    brought people; `few` adds up the searches that fewer than `people_min` people came from, so
    that nobody's search is told. `sought` is what people sought on the whole server and did not
    find, if at least `people_min` did within a week.
    """

    zone: str
    now: WeekSpan
    by_then: WeekSpan
    before: list[WeekSpan]
    people_min: int
    notes: list[BroughtRow]
    searches: list[BroughtRow]
    few: ComparedWeeks
    sought: list[SoughtRow]
