"""The entries of a replay, and the view of a room at one moment. Pure: facts in, views out.

A replay has only entries that everybody could see at the time.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from msgspec import Struct, convert, structs

from server.features.asks.messages import Question
from server.features.comments.messages import CommentView
from server.features.luckies.messages import Lucky
from server.features.polls.messages import Poll
from server.features.shelf.messages import Product
from server.features.stock.messages import Sale
from server.protocol.room import Kind as RoomKind
from server.protocol.room import Phase

MINUTE_MS = 60_000
COMMENTS_AROUND_MAX = 20

Key = tuple[int, int, int]
"""Where an entry stands: Unix ms, and the two numbers of its place in the timeline."""

Kind = Literal[
    "phase", "shelf", "pin", "notice", "sale", "selling", "comment", "question", "poll", "lucky"
]


class ReplayEntry(Struct, frozen=True, omit_defaults=True):
    """One thing that everybody saw, `minute` minutes after the start (absent before it).

    By its kind `t` it has of the fields below: phase (`phase`); shelf (`put` or `remove`, a sku);
    pin (`sku`, `title`, `price`, `currency`; without a sku: unpinned); notice (`text`); sale
    (`sale`, `what`: opened, restocked, lowered or closed; with `add` units,
    fewer than 0 where lowered; opened also has the product's
    sku, title, price, currency, and `starts` and `ends`, 0 for no end); selling (`on`); comment
    (`comment`, `why`: host or kept); question, poll, lucky (themselves).
    """

    id: str
    at: int
    t: Kind
    minute: int | None = None
    phase: Phase | None = None
    put: Product | None = None
    remove: str = ""
    sku: str = ""
    title: str = ""
    price: int = 0
    currency: str = ""
    text: str = ""
    sale: str = ""
    what: str = ""
    add: int = 0
    starts: int = 0
    ends: int = 0
    on: bool | None = None
    comment: CommentView | None = None
    why: str = ""
    question: Question | None = None
    poll: Poll | None = None
    lucky: Lucky | None = None

    @property
    def key(self) -> Key:
        """Its place among the entries."""
        return key_of(self.id)


class Buy(Struct, frozen=True):
    """A sale that is open now, and what is left of it."""

    sale: str
    price: int
    currency: str
    left: int


class ShownProduct(Struct, frozen=True, omit_defaults=True):
    """A product as it was then, and in which sales it can be bought now."""

    product: Product
    buy: list[Buy] = []


class SaleThen(Struct, frozen=True, omit_defaults=True):
    """A sale that was open at the time. `buy`: it still is, and something of it is left."""

    sale: str
    sku: str
    title: str
    price: int
    currency: str
    starts: int
    ends: int = 0
    buy: Buy | None = None


class Moment(Struct, frozen=True, omit_defaults=True):
    """What a room showed at `at` (Unix ms), `minute` minutes after its start.

    `comments` are those of the host and the kept ones, of a minute before and after; `entries` all
    that changed in the minute from `at` on.
    """

    at: int
    minute: int
    phase: Phase
    pin: ShownProduct | None = None
    notice: str = ""
    shelf: list[ShownProduct] = []
    sales: list[SaleThen] = []
    question: Question | None = None
    poll: Poll | None = None
    lucky: Lucky | None = None
    comments: list[CommentView] = []
    entries: list[ReplayEntry] = []


def key_of(entry_id: str) -> Key:
    """The place of an entry by its id. ValueError if it is none."""
    at, ms, n = map(int, entry_id.split("-"))
    return at, ms, n


def entry_of(place: str, fact: dict[str, Any]) -> ReplayEntry:
    """The entry of a public fact. A comment stands where it was said, not where it was kept."""
    at = fact["comment"]["ts"] if fact["k"] == "comment" else fact["at"]
    return convert(fact | {"id": f"{at}-{place}", "at": at, "t": fact["k"]}, ReplayEntry)


def in_minutes(entry: ReplayEntry, started: int) -> ReplayEntry:
    """The entry with its minute."""
    if not started or entry.at < started:
        return entry
    return structs.replace(entry, minute=(entry.at - started) // MINUTE_MS)


class Watched(NamedTuple):
    """Of the room as it is now, what a replay needs. Times in Unix ms, 0: not yet."""

    room: str
    title: str
    kind: RoomKind
    phase: Phase
    created: int
    started: int
    ended: int
    selling: bool
    sales: tuple[Sale, ...]


def moment(entries: Iterable[ReplayEntry], at: int, now: Watched) -> Moment:
    """What was shown at `at`, from all entries in their order, and what can be bought `now`."""
    then = _Then(at, "live" if now.kind == "group" else "scheduled")  # groups live for ever
    near: list[CommentView] = []
    during: list[ReplayEntry] = []
    for entry in entries:
        if entry.at <= at:
            then.add_entry(entry)
        if at <= entry.at < at + MINUTE_MS:
            during.append(in_minutes(entry, now.started))
        if entry.comment is not None and abs(entry.at - at) <= MINUTE_MS:
            near.append(entry.comment)
    near = sorted(near, key=lambda comment: abs(comment.ts - at))[:COMMENTS_AROUND_MAX]
    buys = _buys(now)
    pinned = then.pinned()
    return Moment(
        at=at,
        minute=(at - now.started) // MINUTE_MS,
        phase=then.phase,
        pin=None if pinned is None else ShownProduct(pinned, buys.get(pinned.sku, [])),
        notice=then.notice,
        shelf=[ShownProduct(each, buys.get(each.sku, [])) for each in then.shelf.values()],
        sales=[_sale_then(each, buys) for each in then.open_sales()],
        question=then.question,
        poll=then.poll,
        lucky=then.lucky,
        comments=sorted(near, key=lambda comment: (comment.ts, comment.id)),
        entries=during,
    )


class _Then:
    """The room as its entries up to `at` leave it."""

    def __init__(self, at: int, phase: Phase) -> None:
        self._at = at
        self._pin: ReplayEntry | None = None
        self._sales: dict[str, ReplayEntry] = {}
        self.phase = phase
        self.shelf: dict[str, Product] = {}
        self.notice = ""
        self.question: Question | None = None
        self.poll: Poll | None = None
        self.lucky: Lucky | None = None

    def add_entry(self, entry: ReplayEntry) -> None:
        """Add the next entry."""
        match entry.t:
            case "phase" if entry.phase is not None:
                self.phase = entry.phase
            case "shelf" if entry.put is not None:
                self.shelf[entry.put.sku] = entry.put
            case "shelf":
                self.shelf.pop(entry.remove, None)
            case "pin":
                self._pin = entry
            case "notice":
                self.notice = entry.text
            case "sale":
                self._sale(entry)
            case "question" if entry.question is not None:
                self._question(entry.question)
            case "poll":
                self.poll = entry.poll
            case "lucky":
                self.lucky = entry.lucky

    def pinned(self) -> Product | None:
        """The pinned product as it was at the time."""
        pin = self._pin
        if pin is None or not pin.sku:
            return None
        return self.shelf.get(pin.sku) or Product(pin.sku, pin.title, pin.price, pin.currency)

    def open_sales(self) -> list[ReplayEntry]:
        """The sales that were open, in the order they were opened."""
        at = self._at
        return [s for s in self._sales.values() if s.starts <= at and (not s.ends or at < s.ends)]

    def _sale(self, entry: ReplayEntry) -> None:
        if entry.what == "opened":
            self._sales[entry.sale] = entry
        elif entry.what == "closed":
            self._sales.pop(entry.sale, None)

    def _question(self, new: Question) -> None:
        if new.status == "answering":
            self.question = new
        elif self.question is not None and self.question.question == new.question:
            self.question = None


def _sale_then(opened: ReplayEntry, buys: dict[str, list[Buy]]) -> SaleThen:
    buy = next((b for b in buys.get(opened.sku, []) if b.sale == opened.sale), None)
    return SaleThen(
        opened.sale,
        opened.sku,
        opened.title,
        opened.price,
        opened.currency,
        opened.starts,
        opened.ends,
        buy,
    )


def _buys(now: Watched) -> dict[str, list[Buy]]:
    """By sku the sales in which something can be bought now."""
    buys: dict[str, list[Buy]] = {}
    if now.phase == "live" or (now.phase == "ended" and now.selling):
        for sale in now.sales:
            if sale.status == "open" and sale.left > 0:
                buy = Buy(sale.sale, sale.price, sale.currency, sale.left)
                buys.setdefault(sale.sku, []).append(buy)
    return buys
