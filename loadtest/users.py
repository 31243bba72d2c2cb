"""The people who come to a rehearsal: viewers, buyers, lurkers and moderators."""

from collections.abc import Iterable
from typing import Any

from locust import task

from loadtest.person import Person, Unanswered
from loadtest.phrases import COMMENTS, QUESTIONS
from loadtest.tally import Told
from loadtest.wire import Message

_BUY_TRIES_MAX = 8
_TOLD_WITHIN_MS = 5000


class Viewer(Person):
    """Reads, comments, likes, asks; takes part in coupons, polls and draws; may follow the host."""

    kind = "viewer"

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._took_part: set[str] = set()
        self._claims: dict[str, Message] = {}
        self._skus: list[str] = []

    def joined(self, reply: Message) -> None:
        """Look at the coupons, the poll and the draw that are open."""
        room = reply["room"]
        self._skus = [product["sku"] for product in room.get("shelf", ())]
        for coupon in room.get("coupons", ()):
            self._tempt("coupon", coupon)
        for kind in ("poll", "lucky"):
            if room.get(kind):
                self._tempt(kind, room[kind])

    def heard(self, message: Message) -> None:
        """React to coupons, polls, draws and new products."""
        kind = message["t"]
        if kind in ("coupon", "poll", "lucky"):
            self._tempt(kind, message[kind])
        elif kind == "shelf" and "put" in message:
            self._skus.append(message["put"]["sku"])

    def _tempt(self, kind: str, offer: Message) -> None:
        """Perhaps take part, once, after the time that it takes to react."""
        name, people = f"{kind} {offer[kind]}", self.rehearsal.people
        if offer["status"] != "open" or name in self._took_part:
            return
        self._took_part.add(name)
        share, act = {
            "coupon": (people.claim_share, self._claim),
            "poll": (people.vote_share, self._vote),
            "lucky": (people.enter_share, self._enter_lucky),
        }[kind]
        if self.rng.random() < share:
            starts_in_s = max(0.0, (offer["starts"] - self.now_ms()) / 1000)
            self.after(starts_in_s + people.react_s.draw(self.rng), lambda: act(offer))

    def _claim(self, coupon: Message) -> None:
        name = coupon["coupon"]
        reply = self._say("coupon.claim", coupon=name, key=f"{self.user}:{name}")
        if reply is not None and reply["t"] == "ok":
            self._claims[name] = coupon | {"claim": reply["claim"]["claim"]}

    def _vote(self, poll: Message) -> None:
        self._say("vote", poll=poll["poll"], option=self.rng.randrange(len(poll["options"])))

    def _enter_lucky(self, lucky: Message) -> None:
        self._say("lucky.enter", lucky=lucky["lucky"])

    def ask(self) -> None:
        """Ask for the link of something on the shelf, or about it."""
        if self._skus:
            text = self.rng.choice(QUESTIONS)
            self._say("ask", sku=self.rng.choice(self._skus), **({"text": text} if text else {}))

    def follow(self) -> None:
        """Follow the host."""
        self._say("follow")

    def comment(self) -> None:
        """Say something."""
        self._say("comment", text=self.rng.choice(COMMENTS))

    def like(self) -> None:
        """Send some hearts."""
        self._say("like", n=self.rng.randint(1, 10))

    def look_at_orders(self) -> None:
        """List the own orders."""
        self._say("orders")

    def _say(self, op: str, **fields: Any) -> Message | None:
        if self.rehearsal.calm:
            return None
        try:
            return self.command(op, **fields)
        except Unanswered:
            return None


class Buyer(Viewer):
    """Comments now and then; when a sale opens, buys, then pays, gives back, or forgets."""

    kind = "buyer"

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._tried: set[str] = set()
        self._orders: dict[str, Told] = {}
        self._heard: set[tuple[str, str]] = set()
        self._given_ms: dict[str, float] = {}

    def joined(self, reply: Message) -> None:
        """See which sales are open."""
        super().joined(reply)
        for sale in reply["room"].get("sales", ()):
            self._see(sale)
        for order in reply["orders"]:
            self._learn(order)
        # What was told while the connection was broken is not told again.
        self._note_heard(self._orders.values())

    def heard(self, message: Message) -> None:
        """React to sales and to changes of this buyer's orders."""
        super().heard(message)
        if message["t"] == "sale":
            self._see(message["sale"])
        elif message["t"] == "order":
            order = message["order"]
            self._learn(order)
            self._hear(order["order"], order["status"])
            self.tally.time("push.order", self.now_ms() - order["updated"])

    def on_stop(self) -> None:
        """Leave. An order of the last moment need not have been told yet."""
        recent = self.now_ms() - _TOLD_WITHIN_MS
        self._note_heard(self._orders[it] for it, ms in self._given_ms.items() if ms > recent)
        super().on_stop()

    def _hear(self, order: str, status: str) -> None:
        """Note an event; the one with the status that `buy` was answered with is the one due."""
        self._heard.add((order, status))
        told = self._orders.get(order)
        if told is not None and told.given == status:
            self._note_heard([told])

    def _note_heard(self, buys: Iterable[Told]) -> None:
        for told in buys:
            told.heard = True
            self.tally.told[told.key] = told

    def _see(self, sale: Message) -> None:
        name = sale["sale"]
        if sale["status"] not in ("scheduled", "open") or name in self._tried:
            return
        self._tried.add(name)
        starts_in_s = max(0.0, (sale["starts"] - self.now_ms()) / 1000)
        self.after(
            starts_in_s + self.rehearsal.people.react_s.draw(self.rng),
            lambda: self._buy(name, sale["price"]),
        )

    def _coupon_for(self, price: int) -> Message:
        """The claim to buy with, as a field of the command; none if no coupon is for this price."""
        for name, coupon in self._claims.items():
            if max(coupon.get("floor", 0), coupon.get("amount", 0) + 1) <= price:
                return {"claim": self._claims.pop(name)["claim"]}
        return {}

    def _buy(self, sale: str, price: int) -> None:
        if self.rehearsal.calm:
            return
        room, coupon = self.rehearsal.room, self._coupon_for(price)
        told = Told(self.user, f"{self.user}:{sale}", sale, 1, "unknown", asked=0, room=room)
        for _ in range(_BUY_TRIES_MAX):
            told.asked += 1
            self.tally.told[told.key] = told
            try:
                reply = self.command("buy", sale=sale, qty=told.qty, key=told.key, **coupon)
            except Unanswered:
                # The outcome is unknown: only the same key may be sent again.
                self.listen(0.5)
                continue
            if reply["t"] == "ok":
                self._got(told, reply["order"])
                return
            told.said = f"err:{reply['code']}"
            self.tally.told[told.key] = told
            if reply["code"] not in ("unavailable", "rate_limited", "not_started"):
                return
            if reply["code"] == "unavailable":
                told.said = "unknown"
            self.listen(reply.get("retry_ms", 500) / 1000 + self.rng.uniform(0, 0.2))

    def _got(self, told: Told, order: Message) -> None:
        if told.said == "ok" and told.order != order["order"]:
            self.tally.wrong("two_orders_for_a_key", f"{told.key}: {told.order}, {order['order']}")
        told.said, told.order = "ok", order["order"]
        self.tally.counts["ok.claims_used"] += bool(order.get("claim"))
        told.given = order["status"]
        told.heard = (told.order, told.given) in self._heard
        self._orders[told.order] = told
        self._given_ms[told.order] = self.now_ms()
        self._learn(order)
        habit, people = self.rng.random(), self.rehearsal.people
        pause_s = people.pay_after_s.draw(self.rng)
        if habit < people.pay_share:
            self.after(pause_s, lambda: self._settle("pay", told.order))
        elif habit < people.pay_share + people.cancel_share:
            self.after(pause_s, lambda: self._settle("cancel", told.order))

    def _settle(self, op: str, order: str) -> None:
        if self.rehearsal.calm:
            return
        reply = self._say(op, order=order)
        if reply is not None and reply["t"] == "ok":
            self._learn(reply["order"])

    def _learn(self, order: Message) -> None:
        told = self._orders.get(order["order"])
        if told is not None:
            told.status = order["status"]
            self.tally.told[told.key] = told


class Lurker(Person):
    """A guest who only reads, as most people do."""

    kind = "lurker"
    role = None

    @task
    def watch(self) -> None:
        """Do nothing: the user listens between tasks."""


class Moderator(Person):
    """Takes a comment back now and then."""

    kind = "moderator"
    role = "moderator"

    @task
    def tidy_up(self) -> None:
        """Remove one of the last comments."""
        recent = list(self.rehearsal.comments.at)[-50:]
        if not recent or self.rehearsal.calm:
            return
        chosen = self.rng.choice(recent)
        if chosen not in self.rehearsal.comments.removed:
            try:
                self.command("comment.remove", id=chosen)
            except Unanswered:
                return
