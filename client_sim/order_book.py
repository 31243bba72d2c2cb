"""A buyer's memory of their orders: replies, events, and buys without an answer."""

from typing import Any

from client_sim.checks import Findings
from client_sim.client.wire import Message

LIVE = frozenset({"held", "paid"})
ENDED = frozenset({"cancelled", "expired"})
"""Of these the server lists only the newest."""
_AFTER = {
    "held": {"paid", "cancelled", "expired", "refund_due"},
    "cancelled": {"paid", "refund_due"},  # a payment that arrives late
    "expired": {"paid", "refund_due"},
    "paid": {"returned", "refund_due", "refunded"},
    "returned": {"refund_due", "refunded"},
    "refund_due": {"refunded"},
    "refunded": set(),
}


def _reachable(status: str) -> frozenset[str]:
    found: set[str] = set()
    todo = [status]
    while todo:
        new = todo.pop()
        if new not in found:
            found.add(new)
            todo.extend(_AFTER.get(new, ()))
    return frozenset(found)


REACHABLE = {status: _reachable(status) for status in _AFTER}
"""From each status, those an order may be seen in later: some steps may pass unseen."""


class OrderBook:
    """One user's orders. Replies and events are two streams: each moves forward by itself."""

    def __init__(self, who: str, findings: Findings) -> None:
        self.who = who
        self.acknowledged: dict[str, Message] = {}  # by id, as last answered
        self.told_last: dict[str, Message] = {}  # by id, as the last event said
        self._shown: dict[str, Message] = {}  # by id: told by a join or an event, no reply
        self._final: list[Message] = []  # the list at the end
        self._frozen: dict[str, tuple[Any, ...]] = {}
        self._by_key: dict[str, str] = {}
        self._unknown: set[str] = set()  # keys whose outcome nobody told us
        self._queued: set[str] = set()  # sales whose units may be offered to us
        self._bid_in: set[str] = set()  # auctions that we may win
        self._before: set[str] = set()  # orders from before we watched
        self._watching = False
        self._findings = findings

    def answered(self, command: Message, reply: Message) -> None:
        """Check the reply to any command."""
        if command["op"] == "buy":
            self._bought(command["key"], reply)
        elif command["op"] == "waitlist" and reply["t"] == "ok":
            self._queued.add(command["sale"])
        elif command["op"] == "bid" and reply["t"] == "ok":
            self._bid_in.add(command["auction"])
        if "order" in reply:
            self._forward(self.acknowledged, reply["order"])

    def unanswered(self, command: Message) -> None:
        """Remember a command whose outcome is unknown."""
        if command["op"] == "buy" and command["key"] not in self._by_key:
            self._unknown.add(command["key"])
        elif command["op"] == "waitlist":
            self._queued.add(command["sale"])
        elif command["op"] == "bid":
            self._bid_in.add(command["auction"])

    def told(self, order: Message) -> None:
        """Check an `order` event."""
        self._see(
            "nothing_unasked",
            order["user"] == self.who,
            f"was told of order {order['order']} of {order['user']}",
        )
        self._forward(self.told_last, order)
        self._show(order)

    def joined(self, orders: list[Message]) -> None:
        """Check the list in the reply to a join; later events change it."""
        for order in orders:
            self._show(order)
        self.listed(orders)

    def ended(self, orders: list[Message]) -> None:
        """Check the list at the end; then `untold` names the states that no event told."""
        self._final = orders
        self.listed(orders)

    def untold(self) -> list[str]:
        """Orders of the list at the end whose state there the buyer was never told, in words.

        One that has moved on since is told in a later state.
        """
        return [words for order in self._final if (words := self._not_shown(order))]

    def finish(self) -> None:
        """Judge it, once there was time for all that was on its way."""
        for order in self._final:
            words = self._not_shown(order)
            self._see("orders_told", not words, words)

    def _not_shown(self, order: Message) -> str:
        shown = self._shown.get(order["order"])
        if shown is None:
            return f"order {order['order']} is {order['status']}; no event ever told of it"
        if shown["updated"] > order["updated"] or shown["status"] == order["status"]:
            return ""
        return f"order {order['order']} is {order['status']}, was last told as {shown['status']}"

    def _show(self, order: Message) -> None:
        known = self._shown.get(order["order"])
        if known is None or order["updated"] >= known["updated"]:
            self._shown[order["order"]] = order

    def listed(self, orders: list[Message]) -> None:
        """Check a full list of the user's orders; the first one is where watching starts."""
        ids = {order["order"] for order in orders}
        offers = {order["order"] for order in orders if self._may_be_offered(order)}
        if not self._watching:
            self._before |= ids
            self._watching = True
        for known_id, answered in self.acknowledged.items():
            told = self.told_last.get(known_id, answered)
            kept = known_id in ids or not {answered["status"], told["status"]}.isdisjoint(ENDED)
            self._see("orders_kept", kept, f"order {known_id} was answered ok, is gone")
        self._see("orders_kept", len(ids) == len(orders), "an order is listed twice")
        unasked = ids - offers - self._before - set(self._by_key.values())
        words = f"orders {sorted(unasked)} exist; {len(self._unknown)} buys had no answer"
        self._see("nothing_unasked", len(unasked) <= len(self._unknown), words)
        for order in orders:
            known = self.acknowledged.get(order["order"])
            if known is not None:
                self._compare(known, order)

    def _may_be_offered(self, order: Message) -> bool:
        if "auction" in order:
            return order["auction"] in self._bid_in
        return bool(order.get("offer")) and order["lines"][0]["sale"] in self._queued

    def _bought(self, key: str, reply: Message) -> None:
        if reply["t"] == "err":
            if reply["code"] != "unavailable":
                self._unknown.discard(key)
            else:
                self._unknown.add(key)
            return
        self._unknown.discard(key)
        order = reply["order"]["order"]
        known = self._by_key.setdefault(key, order)
        words = f"key {key} gave order {known}, then {order}"
        self._see("one_key_one_order", known == order, words)
        others = [k for k, o in self._by_key.items() if o == order and k != key]
        self._see("one_key_one_order", not others, f"order {order} answers keys {key}, {others}")

    def _forward(self, stream: dict[str, Message], order: Message) -> None:
        known = stream.get(order["order"])
        if known is not None:
            self._compare(known, order)
        stream[order["order"]] = order
        frozen = (order["total"], order["currency"], [_line(line) for line in order["lines"]])
        first = self._frozen.setdefault(order["order"], frozen)
        words = f"order {order['order']} was {first}, now {frozen}"
        self._see("orders_forward", first == frozen, words)

    def _compare(self, known: Message, order: Message) -> None:
        was, now = known["status"], order["status"]
        forward = now in REACHABLE.get(was, {now}) and order["updated"] >= known["updated"]
        words = f"order {order['order']} went from {was} to {now}"
        self._see("orders_forward", forward, words)

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), self.who, sentence)


def _line(line: Message) -> tuple[Any, ...]:
    return line["sale"], line["qty"], line["price"]
