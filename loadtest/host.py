"""The host of a rehearsal: opens sales, coupons, polls and draws as the scenario says."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from locust import task

from loadtest.person import Person, Unanswered
from loadtest.rehearsal import BEACON, Rehearsal, host_of
from loadtest.scenario import HostAct
from loadtest.wire import Message
from server.protocol.currencies import decimal_text

_BEACON_EVERY_S = 2


class Host(Person):
    """Runs the show as the scenario says, and sends a dated notice every two seconds.

    `place` is the room's, from 0: each room has a class of its own, so that the processes of a
    large run share out the hosts and none comes twice.
    """

    kind = "host"
    role = "host"
    fixed_count = 1
    place: ClassVar[int] = 0

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.user, self.name = host_of(self.rehearsal.room), "主播小夏"
        self._sale = self._lucky = ""
        self._queue: list[Message] = []

    def _choose_room(self) -> Rehearsal:
        return self.rehearsals[self.place]

    def heard(self, message: Message) -> None:
        """Remember the queue of questions."""
        if message["t"] == "queue":
            self._queue = message["questions"]

    def on_start(self) -> None:
        """Enter, and plan the show."""
        super().on_start()
        for act in self.rehearsal.scenario.host_acts():
            self.at(act.at_s, partial(self._do, act))
        self._beacon()

    @task
    def watch_the_clock(self) -> None:
        """Nothing by chance: all the host does is planned."""

    def _beacon(self) -> None:
        try:
            self.command("notice", text=f"{BEACON}{self.now_ms():.0f}")
        except Unanswered:
            self.listen(0)
        self.after(_BEACON_EVERY_S, self._beacon)

    def _do(self, act: HostAct) -> None:
        steps: dict[str, Callable[[HostAct], Message | None]] = {
            "sale": self._open_sale,
            "restock": lambda act: self.command("sale.restock", sale=self._sale, add=act.add),
            "close": lambda _: self.command("sale.close", sale=self._sale),
            "pin": lambda act: self.command("pin", sku=act.sku),
            "notice": lambda act: self.command("notice", text=act.text),
            "end": lambda _: self.command("live.end"),
            "coupon": self._open_coupon,
            "poll": self._open_poll,
            "lucky": self._open_lucky,
            "draw": lambda _: self.command("lucky.draw", lucky=self._lucky),
            "answer": self._answer,
        }
        try:
            reply = steps[act.do](act)
        except Unanswered:
            # The show must go on: try the same again once the connection is back.
            self.after(1, lambda: self._do(act))
            return
        if reply is not None and reply["t"] == "err":
            self.tally.wrong("host_was_refused", f"{act.do}: {reply['code']}: {reply['msg']}")

    def _open_sale(self, act: HostAct) -> Message:
        currency = self.rehearsal.scenario.currency
        product = {"sku": act.sku, "title": f"Rehearsed {act.sku}", "currency": currency}
        put = self.command("shelf.put", product={**product, "price": act.price * 2})
        if put["t"] == "err":
            return put
        reply = self.command(
            "sale.open", sku=act.sku, price=act.price, stock=act.stock, per_user=act.per_user,
            hold_s=act.hold_s, starts_in_s=act.starts_in_s, lasts_s=act.lasts_s,
        )  # fmt: skip
        if reply["t"] == "ok":
            self._sale = reply["sale"]["sale"]
        return reply

    def _open_coupon(self, act: HostAct) -> Message:
        currency = self.rehearsal.scenario.currency
        title = act.text or f"{decimal_text(act.amount, currency)} {currency} off"
        return self.command(
            "coupon.open", title=title, quota=act.quota, currency=currency, amount=act.amount,
            floor=act.floor, lasts_s=act.lasts_s,
        )  # fmt: skip

    def _open_poll(self, act: HostAct) -> Message:
        question = act.text or "Which one next?"
        return self.command(
            "poll.open", question=question, options=act.options, lasts_s=act.lasts_s
        )

    def _open_lucky(self, act: HostAct) -> Message:
        title = act.text or "Lucky draw"
        reply = self.command("lucky.open", title=title, prizes=act.prizes, lasts_s=act.lasts_s)
        if reply["t"] == "ok":
            self._lucky = reply["lucky"]["lucky"]
        return reply

    def _answer(self, act: HostAct) -> Message | None:
        if not self._queue:
            return None
        question = self._queue.pop(0)["question"]
        return self.command("question.answer", question=question, text=act.text or "Yes, it is.")
