"""A worker's copy of a room, kept true by applying every event; what a snapshot is made from."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from server.protocol.codec import CODECS, Encoding
from server.protocol.community import Coupon, Lucky, Poll, Question
from server.protocol.community_events import (
    ClaimsEvent,
    CouponEvent,
    EntriesEvent,
    FollowersEvent,
    LuckyEvent,
    PollEvent,
    QuestionEvent,
    ReservedEvent,
    VotesEvent,
)
from server.protocol.events import (
    CommentEvent,
    LikesEvent,
    NoticeEvent,
    OnlineEvent,
    PhaseEvent,
    PinEvent,
    RemovedEvent,
    RoomEvent,
    SaleEvent,
    ShelfEvent,
    StockEvent,
)
from server.protocol.message import Event
from server.protocol.models import CommentView, Kind, Phase, Product, RoomView, Sale
from server.store.bus import Position


class RoomFields(Struct):
    """The room's hash in Redis, as `room_load` gives it."""

    room: str
    title: str
    host: str
    host_name: str
    phase: Phase
    created: int
    epoch: str
    seq: int
    sub: int
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    stream_url: str = ""
    embed_url: str = ""
    online: int = 0
    viewers: int = 0
    likes: int = 0
    comments: int = 0
    slow_s: int = 0
    pin: str = ""
    notice: str = ""
    kind: Kind = "stream"
    group: str = ""
    followers: int = 0
    reserved: int = 0
    followers_only: int = 0
    selling: int = 0
    rules_ver: int = 0


class LoadedRoom(Struct):
    """The result of `room_load`: all of a room as of one instant."""

    fields: RoomFields
    shelf: list[Product]
    sales: list[Sale]
    recent: list[CommentView]
    now: int
    coupons: list[Coupon] = []
    question: Question | None = None
    answers: list[Question] = []
    poll: Poll | None = None
    lucky: Lucky | None = None
    moderators: list[str] = []

    def values(self) -> Iterator[Event]:
        """The newest of each value that the stream does not hold."""
        yield LikesEvent(total=self.fields.likes)
        yield OnlineEvent(now=self.fields.online, total=self.fields.viewers)
        for sale in self.sales:
            yield StockEvent(
                sale=sale.sale, left=sale.left, held=sale.held, sold=sale.sold, ver=sale.ver
            )
        for coupon in self.coupons:
            yield ClaimsEvent(
                coupon=coupon.coupon, claimed=coupon.claimed, used=coupon.used, ver=coupon.ver
            )
        if self.poll is not None:
            yield VotesEvent(poll=self.poll.poll, votes=self.poll.votes, ver=self.poll.ver)
        if self.lucky is not None:
            yield EntriesEvent(lucky=self.lucky.lucky, entries=self.lucky.entries)
        yield FollowersEvent(total=self.fields.followers)
        yield ReservedEvent(total=self.fields.reserved)


ANSWERS_MAX = 100
"""Answered questions that a snapshot shows; the oldest go first."""

LOADED = msgspec.msgpack.Decoder(LoadedRoom)


class RoomState:
    """The public state of a room at `position` of `epoch`.

    `comments_count` is how many comments the room has had: a jump tells of lost ones.
    """

    def __init__(self, loaded: LoadedRoom, recent_max: int) -> None:
        fields = loaded.fields
        self.fields = fields
        self.epoch = fields.epoch
        self.position = Position(fields.seq, fields.sub)
        self.comments_count = fields.comments
        self.shelf = {product.sku: product for product in loaded.shelf}
        self.sales = {sale.sale: sale for sale in loaded.sales}
        self.recent: deque[CommentView] = deque(loaded.recent, maxlen=recent_max)
        self.coupons = {coupon.coupon: coupon for coupon in loaded.coupons}
        self.question = loaded.question
        self.answers = {question.question: question for question in loaded.answers}
        self.poll = loaded.poll
        self.lucky = loaded.lucky
        self.moderators = set(loaded.moderators)
        """Who moderates this room by its host's will, whatever their token says."""
        self._encoded: dict[Encoding, bytes] = {}
        self._changes: dict[type[Event], Callable[[Any], None]] = {
            CommentEvent: self._comment,
            LikesEvent: self._likes,
            OnlineEvent: self._online,
            PhaseEvent: self._phase,
            ShelfEvent: self._shelf,
            PinEvent: self._pin,
            SaleEvent: self._sale,
            StockEvent: self._stock,
            RemovedEvent: self._removed,
            NoticeEvent: self._notice,
            RoomEvent: self._room,
            QuestionEvent: self._question,
            CouponEvent: self._coupon,
            ClaimsEvent: self._claims,
            PollEvent: self._poll,
            VotesEvent: self._votes,
            LuckyEvent: self._lucky,
            EntriesEvent: self._entries,
            FollowersEvent: self._followers,
            ReservedEvent: self._reserved,
        }

    def view(self) -> RoomView:
        """The snapshot everybody may see."""
        fields = msgspec.structs.asdict(self.fields)
        for name in ("epoch", "seq", "sub", "rules_ver"):
            del fields[name]
        fields |= {
            "pin": self.fields.pin or None,
            "shelf": list(self.shelf.values()),
            "sales": list(self.sales.values()),
            "comments": list(self.recent),
            "followers_only": bool(self.fields.followers_only),
            "selling": bool(self.fields.selling),
            "coupons": list(self.coupons.values()),
            "question": self.question,
            "answers": list(self.answers.values()),
            "poll": self.poll,
            "lucky": self.lucky,
        }
        return RoomView(**fields)

    def encoded(self, encoding: Encoding) -> bytes:
        """The snapshot's bytes, encoded once for all who join before the next change."""
        raw = self._encoded.get(encoding)
        if raw is None:
            raw = self._encoded[encoding] = CODECS[encoding].encode(self.view())
        return raw

    def apply(self, event: Event) -> None:
        """Change the copy as the event says; events that are nobody's state change nothing."""
        change = self._changes.get(type(event))
        if change is not None:
            change(event)
            self._encoded.clear()

    def _comment(self, event: CommentEvent) -> None:
        self.recent.append(event.view())

    def _likes(self, event: LikesEvent) -> None:
        self.fields.likes = max(self.fields.likes, event.total)

    def _online(self, event: OnlineEvent) -> None:
        self.fields.online, self.fields.viewers = event.now, event.total

    def _phase(self, event: PhaseEvent) -> None:
        self.fields.phase = event.phase
        if event.phase == "live":
            self.fields.started = event.at
        elif event.phase == "ended":
            self.fields.ended = event.at

    def _shelf(self, event: ShelfEvent) -> None:
        if event.put is not None:
            self.shelf[event.put.sku] = event.put
        if event.remove is not None:
            self.shelf.pop(event.remove, None)

    def _pin(self, event: PinEvent) -> None:
        self.fields.pin = event.sku or ""

    def _sale(self, event: SaleEvent) -> None:
        known = self.sales.get(event.sale.sale)
        if known is None or event.sale.ver >= known.ver:
            self.sales[event.sale.sale] = event.sale

    def _stock(self, event: StockEvent) -> None:
        known = self.sales.get(event.sale)
        if known is not None and event.ver > known.ver:
            self.sales[event.sale] = msgspec.structs.replace(
                known, left=event.left, held=event.held, sold=event.sold, ver=event.ver
            )

    def _removed(self, event: RemovedEvent) -> None:
        kept = [c for c in self.recent if c.id != event.id and c.user != event.user]
        self.recent = deque(kept, maxlen=self.recent.maxlen)

    def _notice(self, event: NoticeEvent) -> None:
        self.fields.notice = event.text

    def _room(self, event: RoomEvent) -> None:
        self.fields.slow_s = event.slow_s
        self.fields.followers_only = int(event.followers_only)
        self.fields.selling = int(event.selling)
        self.fields.group = event.group

    def _question(self, event: QuestionEvent) -> None:
        new = event.question
        if new.status == "answering":
            self.question = new
        elif self.question is not None and self.question.question == new.question:
            self.question = None
        self.answers.pop(new.question, None)
        if new.status == "answered":
            self.answers[new.question] = new
            if len(self.answers) > ANSWERS_MAX:
                del self.answers[next(iter(self.answers))]

    def _coupon(self, event: CouponEvent) -> None:
        new, known = event.coupon, self.coupons.get(event.coupon.coupon)
        if known is not None and known.ver > new.ver:  # `claims` may overtake it
            new = msgspec.structs.replace(
                new, claimed=known.claimed, used=known.used, ver=known.ver
            )
        self.coupons[new.coupon] = new

    def _claims(self, event: ClaimsEvent) -> None:
        known = self.coupons.get(event.coupon)
        if known is not None and event.ver > known.ver:
            self.coupons[event.coupon] = msgspec.structs.replace(
                known, claimed=event.claimed, used=event.used, ver=event.ver
            )

    def _poll(self, event: PollEvent) -> None:
        new, known = event.poll, self.poll
        if known is not None and known.poll == new.poll and known.ver > new.ver:
            new = msgspec.structs.replace(new, votes=known.votes, ver=known.ver)
        self.poll = new

    def _votes(self, event: VotesEvent) -> None:
        known = self.poll
        if known is not None and known.poll == event.poll and event.ver > known.ver:
            self.poll = msgspec.structs.replace(known, votes=event.votes, ver=event.ver)

    def _lucky(self, event: LuckyEvent) -> None:
        new, known = event.lucky, self.lucky
        if known is not None and known.lucky == new.lucky and known.entries > new.entries:
            new = msgspec.structs.replace(new, entries=known.entries)
        self.lucky = new

    def _entries(self, event: EntriesEvent) -> None:
        known = self.lucky
        if known is not None and known.lucky == event.lucky and event.entries > known.entries:
            self.lucky = msgspec.structs.replace(known, entries=event.entries)

    def _followers(self, event: FollowersEvent) -> None:
        self.fields.followers = event.total

    def _reserved(self, event: ReservedEvent) -> None:
        self.fields.reserved = event.total
