"""A room as one client knows it: the snapshot of its join and every event since, folded together.

After any sequence of events the state equals the snapshot that the server would give now, but for
comments that were sampled out. Messages that are unknown, and fields that are, change nothing.
"""

from copy import deepcopy
from typing import NamedTuple

from client_sim.wire import Message

COUNTS = ("left", "held", "sold")
ORDER_RANK = {
    "held": 0,
    "cancelled": 1,
    "expired": 1,
    "paid": 2,
    "returned": 3,
    "refund_due": 4,
    "refunded": 5,
}
"""How far along its way an order is; a change never lowers it."""

_ABSENT: Message = {
    "scheduled": 0,
    "started": 0,
    "ended": 0,
    "stream_url": "",
    "embed_url": "",
    "online": 0,
    "viewers": 0,
    "likes": 0,
    "slow_s": 0,
    "pin": None,
    "notice": "",
    "shelf": [],
    "sales": [],
    "comments": [],
}


_FIELDS = {
    "likes": {"total": "likes"},
    "online": {"now": "online", "total": "viewers"},
    "pin": {"sku": "pin"},
    "notice": {"text": "notice"},
    "room": {"slow_s": "slow_s"},
}
"""Events whose fields are fields of the room, under what name."""


class Position(NamedTuple):
    """How far a client has read: the last `seq` it saw, in which `epoch`."""

    epoch: str
    seq: int


class RoomState:
    """`view` is the room as the server's snapshot shows it; `orders` are one's own, by id."""

    def __init__(self, comments_max: int = 50) -> None:
        self.view: Message = deepcopy(_ABSENT)
        self.orders: dict[str, Message] = {}
        self.position: Position | None = None
        self._comments_max = comments_max

    def joined(self, reply: Message) -> None:
        """Start from the snapshot in a reply to `join`."""
        self.view = deepcopy(_ABSENT) | reply["room"]
        for name in ("shelf", "sales", "comments"):
            self.view[name] = list(self.view[name])
        self.orders = {order["order"]: order for order in reply.get("orders", [])}
        self.position = Position(reply["epoch"], reply["seq"])

    def apply(self, event: Message) -> None:
        """Fold one event in. A must-event that was already folded in changes nothing."""
        seq = event.get("seq")
        if seq is not None and self.position is not None:
            if seq <= self.position.seq:
                return
            self.position = Position(self.position.epoch, seq)
        match event["t"]:
            case "comment":
                self._comment(event)
            case "removed":
                self._removed(event)
            case "phase":
                self._phase(event)
            case "shelf":
                self._shelf(event)
            case "sale":
                self._sale(event["sale"])
            case "stock":
                self._stock(event)
            case "order":
                self.note_order(event["order"])
            case other:
                names = _FIELDS.get(other, {})
                self.view |= {names[name]: event[name] for name in names if name in event}

    def sale(self, sale: str) -> Message | None:
        """The sale with this id, or None."""
        return next((it for it in self.view["sales"] if it["sale"] == sale), None)

    def product(self, sku: str) -> Message | None:
        """The product with this sku, or None if it is not on the shelf."""
        return next((it for it in self.view["shelf"] if it["sku"] == sku), None)

    def note_order(self, order: Message) -> None:
        """Keep an order unless a later state of it is known: replies and events may cross."""
        known = self.orders.get(order["order"])
        if known is None or _age(order) >= _age(known):
            self.orders[order["order"]] = order

    def _comment(self, event: Message) -> None:
        comments = self.view["comments"]
        if any(known["id"] == event["id"] for known in comments):
            return
        comments.append({k: v for k, v in event.items() if k not in ("t", "seq")})
        del comments[: max(0, len(comments) - self._comments_max)]

    def _removed(self, event: Message) -> None:
        self.view["comments"] = [
            comment
            for comment in self.view["comments"]
            if comment["id"] != event.get("id") and comment["user"] != event.get("user")
        ]

    def _phase(self, event: Message) -> None:
        self.view["phase"] = event["phase"]
        field = {"live": "started", "ended": "ended"}.get(event["phase"])
        if field is not None:
            self.view[field] = event["at"]

    def _shelf(self, event: Message) -> None:
        shelf = self.view["shelf"]
        if "remove" in event:
            self.view["shelf"] = [it for it in shelf if it["sku"] != event["remove"]]
        if "put" in event:
            _put(shelf, event["put"], "sku")

    def _sale(self, new: Message) -> None:
        known = self.sale(new["sale"])
        if known is not None and known["ver"] > new["ver"]:
            # A newer count overtook it: latest values may, must-events never do among themselves.
            new = new | {name: known[name] for name in (*COUNTS, "ver")}
        _put(self.view["sales"], new, "sale")

    def _stock(self, event: Message) -> None:
        known = self.sale(event["sale"])
        if known is not None and known["ver"] < event["ver"]:
            _put(self.view["sales"], known | {n: event[n] for n in (*COUNTS, "ver")}, "sale")


def _age(order: Message) -> tuple[int, int]:
    return order["updated"], ORDER_RANK.get(order["status"], 0)


def _put(items: list[Message], new: Message, key: str) -> None:
    """Replace the item of the same key where it stands, or add it at the end."""
    for i, item in enumerate(items):
        if item[key] == new[key]:
            items[i] = new
            return
    items.append(new)
