"""An evening of a host on a real Redis, through the commands that clients send.

Two workers, three rooms of one host: an earlier stream, this one, and the fan group.
"""

import contextlib
import itertools
from typing import Any

import msgspec

from server.access.auth import Identity
from server.features.asks.messages import Ask, AskOk, QuestionAnswer, QuestionDrop, QuestionTake
from server.features.auctions.messages import AuctionOk, AuctionOpen, Bid
from server.features.comments.messages import Comment
from server.features.coupons.messages import ClaimOk, CouponClaim, CouponOk, CouponOpen
from server.features.follows.messages import Follow, Reserve
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin
from server.features.luckies.messages import LuckyDraw, LuckyEnter, LuckyOk, LuckyOpen
from server.features.orders.messages import Buy, BuyLine, Cancel, Order, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd, LiveStart
from server.features.polls.messages import PollClose, PollOk, PollOpen, Vote
from server.features.returns.messages import OrderReturn, ReturnLine
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Pin, ProductInput, ShelfPut, Unpin
from server.features.stock.messages import SaleOk
from server.features.visits.visits import Visits
from server.protocol.codes import CommandError
from server.protocol.joining import Source
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.call import Call
from server.settings import Settings
from tests.figures.raw_lines import Raw
from tests.replies import expect
from tests.rooms.rig import HOST, Guest, Rig
from tests.stored import entries, stored

EARLIER, ROOM, GROUP = "spring", "autumn", f"fans:{HOST.user}"
_MSGPACK = msgspec.msgpack.Decoder()


class Clock:
    """Time for the workers' notes of visits: it goes on when the evening says so."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


class Evening:
    """The two workers, and short words for what people do."""

    def __init__(self, rig: Rig, settings: Settings) -> None:
        self.rig = rig
        self.clock = Clock()
        self.workers = [Visits(rig.store, settings, w, self.clock) for w in ("w1", "w2")]
        self.sources: dict[tuple[str, str], Source] = {}
        self.sales: dict[tuple[str, str], str] = {}
        self.late: Order
        """Dan's order of the earlier evening, which is paid this evening."""
        self._keys = itertools.count()

    async def do(self, user: str, cmd: Command, room: str = ROOM) -> Ok:
        who = HOST if user == HOST.user else Identity(user, user.title(), Role.VIEWER)
        return await self.rig.dispatch.run_command(
            Call(room, who, self.sources.get((room, user))), cmd
        )

    async def host(self, cmd: Command, room: str = ROOM) -> Ok:
        return await self.do(HOST.user, cmd, room)

    # People

    def come(
        self, user: str, room: str = ROOM, *, worker: int = 0, source: Source | None = None
    ) -> Guest:
        guest = Guest(user)
        role = Role.GUEST if user.startswith("guest") else Role.VIEWER
        if source is not None:
            self.sources[room, user] = source
        self.workers[worker].came(room, guest, Identity(user, user.title(), role), source)
        return guest

    def go(self, guest: Guest, room: str = ROOM, *, worker: int = 0) -> None:
        self.workers[worker].left(room, guest)

    async def minutes(self, n: float) -> None:
        """So many minutes go by for the visits; then the workers write them."""
        self.clock.s += n * 60
        for worker in self.workers:
            await worker.write()

    # Goods

    async def shelf(self, room: str, *products: tuple[str, int, str]) -> None:
        for sku, price, currency in products:
            product = ProductInput(
                sku=sku, title=f"{sku.title()} 好", price=price, currency=currency
            )
            await self.host(ShelfPut(ref=1, product=product), room)
            opening = SaleOpen(ref=1, sku=sku, price=price, stock=100, per_user=50, hold_s=600)
            sale = expect(SaleOk, await self.host(opening, room)).sale
            self.sales[room, sku] = sale.sale

    async def buy(
        self, user: str, *skus: str, room: str = ROOM, qty: int = 1, claim: str | None = None
    ) -> Order:
        lines = [BuyLine(self.sales[room, sku], qty) for sku in skus]
        key = f"k{next(self._keys)}"
        return expect(
            OrderOk, await self.do(user, Buy(ref=1, key=key, lines=lines, claim=claim), room)
        ).order

    async def pay(self, order: Order) -> Order:
        paid = expect(
            OrderOk, await self.do(order.user, Pay(ref=1, order=order.order), order.room)
        ).order
        assert paid.status == "paid"
        return paid

    async def bought(self, user: str, *skus: str, **more: Any) -> Order:
        return await self.pay(await self.buy(user, *skus, **more))

    async def take_back(self, order: Order) -> None:
        sale, qty = order.lines[0].sale, order.lines[0].qty
        for lines in ([ReturnLine(sale, max(1, qty - 1))], None):  # the units that came, then all
            cmd = OrderReturn(ref=1, order=order.order, restock=True, lines=lines)
            await self.host(cmd, order.room)

    async def lapse(self, order: Order) -> None:
        """The hold's time is over, and a sweeper comes by."""
        key = self.rig.store.keys.room
        raw = _MSGPACK.decode(
            stored(await self.rig.redis.hget(key(order.room, "orders"), order.order))
        )
        raw["hold_until"] = 1
        packed = msgspec.msgpack.encode(raw)
        await self.rig.redis.hset(key(order.room, "orders"), order.order, packed)
        await self.rig.redis.zadd(key(order.room, "holds"), {order.order: 1})
        await self.rig.worker.sweeper.sweep([order.room])

    async def claim(self, user: str, coupon: str) -> str:
        ok = expect(
            ClaimOk, await self.do(user, CouponClaim(ref=1, coupon=coupon, key=f"k-{user}"))
        )
        return ok.claim.claim

    # The rooms

    async def create(self, room: str) -> None:
        await self.rig.directory.create(HOST, RoomCreate(room=room, title=room.title()))

    async def earlier_evening(self) -> None:
        """Spring: three orders, one of them returned; the one that is not paid is given back."""
        await self.create(EARLIER)
        await self.shelf(EARLIER, ("mug", 9_000, "CNY"), ("wine", 4_000, "EUR"))
        await self.host(LiveStart(ref=1), EARLIER)
        ann = self.come("ann", EARLIER)
        self.come("ben", EARLIER, source=Source("feed"))
        self.come("zoe", EARLIER)
        await self.bought("ann", "mug", room=EARLIER)
        ben = await self.bought("ben", "wine", room=EARLIER, qty=2)
        self.late = await self.buy("dan", "mug", room=EARLIER)
        await self.minutes(20)
        self.go(ann, EARLIER)
        await self.take_back(ben)
        await self.host(LiveEnd(ref=1), EARLIER)
        await self.lapse(self.late)
        await self.minutes(10)

    async def before_the_start(self) -> None:
        """The group, followers, places reserved; the host is there already, and so is Eve."""
        await self.rig.groups.put(HOST, HOST.user, GroupBody(title="Fans"))
        await self.create(ROOM)
        for user in ("ben", "fay"):
            await self.do(user, Follow(ref=1), EARLIER)
        await self.do("ben", Follow(ref=1, on=False), EARLIER)
        for user, on in (("ann", True), ("eve", True), ("gil", True), ("gil", False)):
            await self.do(user, Reserve(ref=1, on=on))
        self.come("eve")
        self.come(HOST.user)
        await self.shelf(ROOM, ("mug", 10_000, "CNY"), ("sofa", 50_000, "CNY"))
        await self.shelf(ROOM, ("wine", 3_000, "EUR"))
        await self.minutes(30)
        await self.host(Pin(ref=1, sku="wine"))

    async def talk(self) -> None:
        """Asks of all kinds, questions, a poll, a draw."""
        for user, sku in (("cat", "sofa"), ("dan", "sofa"), ("ann", "mug"), ("cat", "mug")):
            await self.do(user, Ask(ref=1, sku=sku))
        await self.do("ben", Comment(ref=1, text="求链接"))
        await self.rig.asks.aclose()
        texts = {"ann": "Is it large?", "ben": "Is it large?", "cat": "What is it made of?"}
        questions = {}
        for user, text in texts.items():
            question = expect(AskOk, await self.do(user, Ask(ref=1, sku="mug", text=text))).question
            assert question is not None
            questions[text] = question.question
        await self.host(QuestionTake(ref=1, question=questions["Is it large?"]))
        answer = QuestionAnswer(ref=1, question=questions["Is it large?"], text="Yes.")
        await self.host(answer)
        dropped = expect(
            AskOk, await self.do("dan", Ask(ref=1, sku="sofa", text="Is it soft?"))
        ).question
        assert dropped is not None
        await self.host(QuestionDrop(ref=1, question=dropped.question))
        poll = expect(
            PollOk, await self.host(PollOpen(ref=1, question="Next?", options=["a", "b"]))
        ).poll
        for user, option in (("ann", 0), ("ben", 1), ("cat", 1)):
            await self.do(user, Vote(ref=1, poll=poll.poll, option=option))
        await self.host(PollClose(ref=1, poll=poll.poll))
        lucky = expect(LuckyOk, await self.host(LuckyOpen(ref=1, title="Gift", prizes=1))).lucky
        await self.do("cat", LuckyEnter(ref=1, lucky=lucky.lucky))
        await self.host(LuckyDraw(ref=1, lucky=lucky.lucky))

    async def auction(self) -> None:
        """Cat outbids Ann, who outbids Cat; then its time is over."""
        terms: dict[str, Any] = {"sku": "sofa", "opening": 500, "increment": 50, "hold_s": 600}
        opened = await self.host(AuctionOpen(ref=1, lasts_s=3600, **terms))
        auction = expect(AuctionOk, opened).auction.auction
        for user, most in (("ann", 700), ("cat", 900), ("ann", 1_000)):
            key = f"k{next(self._keys)}"
            await self.do(user, Bid(ref=1, auction=auction, max=most, key=key))
        row = self.rig.store.keys.room(ROOM, "auctions")
        packed = msgspec.msgpack.decode(stored(await self.rig.redis.hget(row, auction)))
        over = msgspec.msgpack.encode(packed | {"ends": packed["starts"]})
        await self.rig.redis.hset(row, auction, over)
        ends = self.rig.store.keys.room(ROOM, "auction_ends")
        await self.rig.redis.zadd(ends, {auction: 1})
        args = self.rig.worker.running["auctions"].it.falling
        due = {"batch_max": 1, "events_max": 1000} | args
        await self.rig.store.run_script("auctions.due", ROOM, due, msgspec.msgpack.Decoder())

    async def coupons(self) -> None:
        """Two coupons: one used and returned, one in a hold that lapses, one never used."""
        opening = CouponOpen(
            ref=1, title="Ten off", quota=5, currency="CNY", amount=1_000, floor=5_000
        )
        coupon = expect(CouponOk, await self.host(opening)).coupon
        used = await self.bought("ann", "sofa", "mug", claim=await self.claim("ann", coupon.coupon))
        await self.take_back(used)
        await self.bought("ben", "mug", claim=await self.claim("ben", coupon.coupon))
        lapsed = await self.buy("dan", "mug", claim=await self.claim("dan", coupon.coupon))
        await self.lapse(lapsed)
        await self.claim("eve", coupon.coupon)
        other = CouponOpen(ref=1, title="Wine", quota=1, currency="EUR", percent=10)
        assert expect(CouponOk, await self.host(other)).coupon is not None

    async def stream(self) -> None:
        """Autumn, from its start to a while after its end."""
        await self.host(LiveStart(ref=1))
        while await self.rig.announcer.announce(ROOM):
            pass
        ann = self.come("ann", source=Source("search", "s1"))
        self.come("ann", worker=1, source=Source("note", "n1"))
        self.come("ben", source=Source("feed"))
        guest = self.come("guest-1", worker=1)
        self.come("guest-2", worker=1)
        await self.minutes(2)
        await self.host(Pin(ref=1, sku="mug"))
        await self.bought("ann", "mug", qty=3)
        self.come("cat", worker=1, source=Source("search", "s2"))
        self.go(ann)
        await self.minutes(7)
        self.sources[ROOM, "dan"] = Source("share")
        await self.bought("cat", "mug", "sofa")
        await self.do("cat", Follow(ref=1))
        await self.bought("cat", "wine", qty=2)
        self.go(guest, worker=1)
        await self.talk()
        await self.host(Pin(ref=1, sku="sofa"))
        await self.bought("dan", "sofa")
        await self.do("dan", Follow(ref=1))
        await self.pay_late(self.late)
        await self.coupons()
        await self.auction()
        await self.host(Unpin(ref=1))
        cancelled = await self.buy("ben", "mug")
        await self.do("ben", Cancel(ref=1, order=cancelled.order))
        await self.take_back(await self.bought("ben", "wine"))
        await self.in_the_group()
        await self.do("dan", Ask(ref=1, sku="wine"))
        await self.rig.asks.aclose()
        await self.host(Pin(ref=1, sku="mug"))
        await self.minutes(1)

    async def end(self) -> None:
        """The stream ends and goes on selling."""
        held = await self.buy("fay", "sofa")
        await self.host(LiveEnd(ref=1, selling=True))
        replay = self.come("gus", source=Source("share", "x"))
        await self.minutes(12)
        await self.bought("gus", "wine")
        await self.pay(held)
        self.go(replay)
        for user in ("hal", "kim", "hal"):  # more than are left; Hal then has one all the same
            with contextlib.suppress(CommandError):
                await self.buy(user, "mug", qty=100)
        await self.buy("hal", "mug")
        await self.minutes(1)

    async def pay_late(self, late: Order) -> None:
        """Dan's order of the spring had lapsed; its payment arrives after what he bought today."""
        charged = {
            "order": late.order, "payment": "late", "amount": late.total, "currency": late.currency,
        }  # fmt: skip
        args = {"pays": [charged], "events_max": 1000}
        (paid,) = await self.rig.store.run_script(
            "payments.pay", late.room, args, msgspec.msgpack.Decoder(list[dict[str, Order]])
        )
        assert paid["order"].status == "paid"

    async def in_the_group(self) -> None:
        """A member buys in the group's room, another there for the first time."""
        await self.shelf(GROUP, ("mug", 8_000, "CNY"))
        for user in ("cat", "ivy"):
            await self.do(user, GroupJoin(ref=1))
            self.come(user, GROUP)
            await self.bought(user, "mug", room=GROUP)
        await self.bought("ivy", "mug")


async def raw_room(rig: Rig, room: str) -> Raw:
    """All of a room's ledger and timeline."""
    keys = rig.store.keys
    ledger, timeline, recorded = [], [], []
    for _, fields in entries(await rig.redis.xrange(keys.room(room, "ledger"))):
        ledger += _MSGPACK.decode(fields[b"e"])
    for place, fields in entries(await rig.redis.xrange(keys.room(room, "timeline"))):
        timeline.append(_MSGPACK.decode(fields[b"e"]))
        recorded.append(int(place.split(b"-")[0]))
    return Raw(room, HOST.user, ledger, timeline, room == GROUP, tuple(recorded))


async def raw_follows(rig: Rig) -> list[dict[str, Any]]:
    """The host's log."""
    log = await rig.redis.xrange(rig.store.keys.host(HOST.user, "log"))
    facts = [_MSGPACK.decode(fields[b"e"]) for _, fields in entries(log)]
    return [fact for fact in facts if fact["k"] == "follow"]
