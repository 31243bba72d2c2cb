"""Shows a room at one moment: its entries so far, beside what is on sale now. Pure.

This view relates facts of several features to each other and to the sales of now, so it names those
it is made of. Whatever else features show stands in `entries`.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct, structs

from server.features.asks.facts import QuestionFact
from server.features.asks.messages import Question
from server.features.auctions.facts import AuctionFact, BidsFact
from server.features.auctions.messages import Auction
from server.features.comments.facts import CommentFact
from server.features.comments.messages import CommentView
from server.features.luckies.facts import LuckyFact
from server.features.luckies.messages import Lucky
from server.features.notices.facts import NoticeFact
from server.features.phases.facts import PhaseFact
from server.features.polls.facts import PollFact
from server.features.polls.messages import Poll
from server.features.replay.entries import MINUTE_MS, Entry, in_minutes
from server.features.sales.facts import SaleFact
from server.features.shelf.facts import PinFact, ShelfFact, ShelfMoveFact
from server.features.shelf.messages import Product
from server.features.shelf.snapshot import moved_before
from server.features.stock.messages import Sale
from server.protocol.room import Kind as RoomKind
from server.protocol.room import Phase

COMMENTS_AROUND_MAX = 20


class OpenSale(Struct, frozen=True):
    """A sale that is open now, and what is left of it."""

    sale: str
    price: int
    currency: str
    left: int


class ShownProduct(Struct, frozen=True, omit_defaults=True):
    """A product as it was then, and in which sales it can be bought now."""

    product: Product
    buy: list[OpenSale] = []


class SaleThen(Struct, frozen=True, omit_defaults=True):
    """A sale that was open at the time. `buy`: it still is, and something of it is left."""

    sale: str
    sku: str
    title: str
    price: int
    currency: str
    starts: int
    ends: int = 0
    buy: OpenSale | None = None


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
    auction: Auction | None = None
    comments: list[CommentView] = []
    entries: list[Entry] = []


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


def moment(entries: Iterable[Entry], at: int, now: Watched) -> Moment:
    """Return what was shown at `at`, from all entries in order, and what can be bought `now`."""
    then = _Then(at, "live" if now.kind == "group" else "scheduled")  # groups live for ever
    near: list[CommentView] = []
    during: list[Entry] = []
    for entry in entries:
        if entry.at <= at:
            then.add_entry(entry)
        if at <= entry.at < at + MINUTE_MS:
            during.append(in_minutes(entry, now.started))
        if entry.t == CommentFact.kind() and abs(entry.at - at) <= MINUTE_MS:
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
        auction=then.auction,
        comments=sorted(near, key=lambda comment: (comment.ts, comment.id)),
        entries=during,
    )


class _Then:
    """The room as its entries up to `at` leave it."""

    def __init__(self, at: int, phase: Phase) -> None:
        self._at = at
        self._pin: Entry | None = None
        self._sales: dict[str, Entry] = {}
        self.phase = phase
        self.shelf: dict[str, Product] = {}
        self.notice = ""
        self.question: Question | None = None
        self.poll: Poll | None = None
        self.lucky: Lucky | None = None
        self.auction: Auction | None = None
        self._takes: dict[str, Callable[[Entry], None]] = {
            PhaseFact.kind(): self._phase,
            ShelfFact.kind(): self._shelf,
            ShelfMoveFact.kind(): self._move,
            PinFact.kind(): self._pinned,
            NoticeFact.kind(): self._notice,
            SaleFact.kind(): self._sale,
            QuestionFact.kind(): self._question,
            PollFact.kind(): self._poll,
            LuckyFact.kind(): self._lucky,
            AuctionFact.kind(): self._auction,
            BidsFact.kind(): self._bids,
        }

    def add_entry(self, entry: Entry) -> None:
        """Add the next entry."""
        take = self._takes.get(entry.t)
        if take is not None:
            take(entry)

    def pinned(self) -> Product | None:
        """The pinned product as it was at the time."""
        pin = self._pin
        if pin is None or not pin.sku:
            return None
        return self.shelf.get(pin.sku) or Product(pin.sku, pin.title, pin.price, pin.currency)

    def open_sales(self) -> list[Entry]:
        """The sales that were open, in the order they were opened."""
        at = self._at
        return [s for s in self._sales.values() if s.starts <= at and (not s.ends or at < s.ends)]

    def _phase(self, entry: Entry) -> None:
        self.phase = entry.phase

    def _shelf(self, entry: Entry) -> None:
        if entry.put is None:
            self.shelf.pop(entry.remove, None)
        else:
            self.shelf[entry.put.sku] = entry.put

    def _move(self, entry: Entry) -> None:
        self.shelf = moved_before(self.shelf, entry.sku, entry.before)

    def _pinned(self, entry: Entry) -> None:
        self._pin = entry

    def _notice(self, entry: Entry) -> None:
        self.notice = entry.text

    def _poll(self, entry: Entry) -> None:
        self.poll = entry.poll

    def _lucky(self, entry: Entry) -> None:
        self.lucky = entry.lucky

    def _auction(self, entry: Entry) -> None:
        self.auction = entry.auction

    def _bids(self, entry: Entry) -> None:
        if self.auction is not None and self.auction.auction == entry.auction_id:
            self.auction = structs.replace(
                self.auction, price=entry.price, bids=entry.bids, ends=entry.ends,
                leader=entry.leader, paddle=entry.paddle,
            )  # fmt: skip

    def _sale(self, entry: Entry) -> None:
        if entry.what == "opened":
            self._sales[entry.sale] = entry
        elif entry.what == "priced" and (known := self._sales.get(entry.sale)):
            self._sales[entry.sale] = structs.replace(known, price=entry.price)
        elif entry.what == "closed":
            self._sales.pop(entry.sale, None)

    def _question(self, entry: Entry) -> None:
        new = entry.question
        if new.status == "answering":
            self.question = new
        elif self.question is not None and self.question.question == new.question:
            self.question = None


def _sale_then(opened: Entry, buys: dict[str, list[OpenSale]]) -> SaleThen:
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


def _buys(now: Watched) -> dict[str, list[OpenSale]]:
    """By sku the sales in which something can be bought now."""
    buys: dict[str, list[OpenSale]] = {}
    if now.phase == "live" or (now.phase == "ended" and now.selling):
        for sale in now.sales:
            if sale.status == "open" and sale.left > 0:
                buy = OpenSale(sale.sale, sale.price, sale.currency, sale.left)
                buys.setdefault(sale.sku, []).append(buy)
    return buys
