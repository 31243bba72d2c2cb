"""A room as one client knows it: the snapshot of its join and every event since, folded together.

After any sequence of events the state equals the snapshot that the server would give now, but for
comments that were sampled out. Messages that are unknown, and fields that are, change nothing.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

from .wire import Message

COUNTS = ("left", "held", "sold")
CLAIM_COUNTS = ("claimed", "used", "ver")
ORDER_RANK = {
    "held": 0,
    "cancelled": 1,
    "expired": 1,
    "paid": 2,
    "returned": 3,
    "refund_due": 4,
    "refunded": 5,
}
"""The rank of each status of an order; a change never lowers it."""

_ABSENT: Message = {
    "scheduled": 0,
    "started": 0,
    "ended": 0,
    "stream_url": "",
    "embed_url": "",
    "cover": "",
    "draft": False,
    "practice": False,
    "time_zone": "",
    "cancelled": False,
    "cancel_reason": "",
    "picture": 0,
    "online": 0,
    "viewers": 0,
    "likes": 0,
    "slow_s": 0,
    "pin": None,
    "notice": "",
    "kind": "stream",
    "group": "",
    "followers": 0,
    "reserved": 0,
    "followers_only": False,
    "selling": False,
    "shelf": [],
    "shelf_total": 0,
    "sales": [],
    "comments": [],
    "pinned_comment": None,
    "coupons": [],
    "question": None,
    "answers": [],
    "poll": None,
    "lucky": None,
    "custom_values": [],
    "auction": None,
}
_LISTS = ("shelf", "sales", "comments", "coupons", "answers", "custom_values")
_MINE: Message = {
    "following": False,
    "reserved": False,
    "member": False,
    "claims": [],
    "vote": None,
    "lucky": False,
    "auction": None,
}
_MINE_OF = {"poll": "vote", "lucky": "lucky", "auction": "auction"}
"""What of `mine` is about the newest of each."""
_GROWING = {
    "poll": ("votes", "ver"),
    "lucky": ("entries",),
    "auction": ("price", "bids", "bidders", "ends", "leader", "paddle", "reserve", "ver"),
}
"""Fields that latest events bring ahead of must-events, the last of them saying which is newer."""
COMMENTS_MAX = {"stream": 50, "group": 200}
"""Comments that snapshots of these kinds of room show, unless the operator chose otherwise."""
ANSWERS_MAX = 100
"""Answered questions that a snapshot shows."""


_FIELDS = {
    "likes": {"total": "likes"},
    "online": {"now": "online", "total": "viewers"},
    "pin": {"sku": "pin"},
    "notice": {"text": "notice"},
    "picture": {"at": "picture"},
    "followers": {"total": "followers"},
    "reserved": {"total": "reserved"},
}
"""Events whose fields are fields of the room, with the room's name for each."""

IGNORED = {
    "announce",  # about another room
    "asks",  # staff alone; `desk` shows it
    "bye",
    "called_off",  # about another room
    "custom",  # means what the shop says
    "custom_sample",
    "draw",
    "gap",
    "muted",
    "prompts",  # staff alone
    "queue",  # staff alone
    "reports",  # staff alone
    "review",  # staff alone
    "role",
    "rundown",  # staff alone; `rundown` reads it
    "sold",
}
"""Events that change nothing here. Every event of the server stands here or is folded."""


class Position(NamedTuple):
    """The position of a client: the last `seq` it saw, and its `epoch`."""

    epoch: str
    seq: int


class RoomState:
    """`view` is the room as the server's snapshot shows it.

    `orders` are one's own, by id; `mine` is what else one has done here, claims among it.
    `comments_max` recent comments are kept, None: as many as snapshots of the room have; and at
    least as many as the snapshot brought.
    """

    def __init__(self, comments_max: int | None = None) -> None:
        self.view: Message = deepcopy(_ABSENT)
        self.orders: dict[str, Message] = {}
        self.mine: Message = deepcopy(_MINE)
        self.position: Position | None = None
        self._comments_wanted = comments_max
        self._comments_max = 0  # since the join
        self._value_vers: dict[tuple[str, str], int] = {}
        self._comment_pin_ver = -1  # of the newest event since the join
        self._folds: dict[str, Callable[[Message], None]] = {
            "comment": self._comment,
            "removed": self._removed,
            "comment_pin": self._pin_comment,
            "phase": self._phase,
            "shelf": self._shelf,
            "shelf_moved": self._shelf_moved,
            "sale": lambda event: self._sale(event["sale"]),
            "stock": self._stock,
            "order": lambda event: self.note_order(event["order"]),
            "claim": lambda event: self.note_claim(event["claim"]),
            "room": self._settings,
            "question": lambda event: self._question(event["question"]),
            "coupon": lambda event: self._coupon(event["coupon"]),
            "claims": self._claims,
            "custom_latest": self._custom_value,
            "poll": lambda event: self._newest("poll", event["poll"]),
            "lucky": lambda event: self._newest("lucky", event["lucky"]),
            "auction": lambda event: self._newest("auction", event["auction"]),
            "votes": lambda event: self._growing("poll", event, "ver"),
            "entries": lambda event: self._growing("lucky", event, "entries"),
            "bids": lambda event: self._growing("auction", event, "ver"),
        }

    def events(self) -> set[str]:
        """The names of all events that this state knows, whether or not they change it."""
        return {*self._folds, *_FIELDS, *IGNORED}

    def joined(self, reply: Message) -> None:
        """Start from the snapshot in a reply to `join`."""
        self.view = deepcopy(_ABSENT) | reply["room"]
        for name in _LISTS:
            self.view[name] = list(self.view[name])
        self.view["shelf_total"] = reply["room"].get("shelf_total", len(self.view["shelf"]))
        wanted = self._comments_wanted
        if wanted is None:
            wanted = COMMENTS_MAX.get(self.view["kind"], COMMENTS_MAX["stream"])
        self._comments_max = max(wanted, len(self.view["comments"]))
        self.mine = deepcopy(_MINE) | reply.get("mine", {})
        self._value_vers = {_which(each): each["ver"] for each in self.view["custom_values"]}
        self.orders = {order["order"]: order for order in reply.get("orders", [])}
        self.position = Position(reply["epoch"], reply["seq"])
        self._comment_pin_ver = -1

    def apply(self, event: Message) -> None:
        """Fold one event in. A must-event that was already folded in changes nothing."""
        seq = event.get("seq")
        if seq is not None and self.position is not None:
            if seq <= self.position.seq:
                return
            self.position = Position(self.position.epoch, seq)
        fold = self._folds.get(event["t"])
        if fold is not None:
            fold(event)
            return
        names = _FIELDS.get(event["t"], {})
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

    def note_claim(self, claim: Message) -> None:
        """Keep a claimed coupon of one's own as it is now."""
        claims = [it for it in self.mine["claims"] if it["claim"] != claim["claim"]]
        self.mine["claims"] = [*claims, claim]

    def _question(self, new: Message) -> None:
        view, key = self.view, "question"
        if new["status"] == "answering":
            view[key] = new
        elif view[key] is not None and view[key][key] == new[key]:
            view[key] = None
        view["answers"] = [it for it in view["answers"] if it[key] != new[key]]
        if new["status"] == "answered":
            view["answers"] = [*view["answers"], new][-ANSWERS_MAX:]

    def _coupon(self, new: Message) -> None:
        known = next((it for it in self.view["coupons"] if it["coupon"] == new["coupon"]), None)
        if known is not None and known["ver"] > new["ver"]:  # `claims` may overtake it
            new = new | {name: known[name] for name in CLAIM_COUNTS}
        _put(self.view["coupons"], new, "coupon")

    def _claims(self, event: Message) -> None:
        known = next((it for it in self.view["coupons"] if it["coupon"] == event["coupon"]), None)
        if known is not None and known["ver"] < event["ver"]:
            _put(self.view["coupons"], known | {n: event[n] for n in CLAIM_COUNTS}, "coupon")

    def _custom_value(self, event: Message) -> None:
        which = event["name"], event.get("item", "")
        if event["ver"] <= self._value_vers.get(which, 0):
            return
        self._value_vers[which] = event["ver"]
        values = [each for each in self.view["custom_values"] if _which(each) != which]
        if event.get("data") is not None:  # else it was taken away
            values.append({k: v for k, v in event.items() if k not in ("t", "seq")})
        self.view["custom_values"] = values

    def _settings(self, event: Message) -> None:
        for name in ("slow_s", "followers_only", "selling", "group"):
            self.view[name] = event.get(name, _ABSENT[name])
        if "title" in event:  # a server of the version before tells none of these
            self.view["title"] = event["title"]
            for name in ("scheduled", "stream_url", "embed_url", "cover", "draft"):
                self.view[name] = event.get(name, _ABSENT[name])
        if event.get("time_zone"):  # none is ever taken away
            self.view["time_zone"] = event["time_zone"]

    def _newest(self, kind: str, new: Message) -> None:
        """Keep the newest poll, lucky draw or auction; counts that came meanwhile stay."""
        known, by = self.view[kind], _GROWING[kind][-1]
        if known is None or known[kind] != new[kind]:
            self.mine[_MINE_OF[kind]] = _MINE[_MINE_OF[kind]]
        elif known.get(by, 0) > new.get(by, 0):
            new = new | {name: known[name] for name in _GROWING[kind] if name in known}
        self.view[kind] = new

    def _growing(self, kind: str, event: Message, by: str) -> None:
        known = self.view[kind]
        if known is not None and known[kind] == event[kind] and event[by] > known.get(by, 0):
            self.view[kind] = known | {k: v for k, v in event.items() if k not in ("t", "seq")}

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

    def _pin_comment(self, event: Message) -> None:
        if event["ver"] > self._comment_pin_ver:
            self._comment_pin_ver = event["ver"]
            self.view["pinned_comment"] = event.get("comment")

    def _phase(self, event: Message) -> None:
        self.view["phase"] = event["phase"]
        field = {"live": "started", "ended": "ended"}.get(event["phase"])
        if field is not None:
            self.view[field] = event["at"]
        if event.get("cancelled"):
            self.view |= {"cancelled": True, "cancel_reason": event.get("reason", "")}
            self.mine["reserved"] = False

    def _shelf(self, event: Message) -> None:
        shelf = self.view["shelf"]
        if "remove" in event:
            self.view["shelf"] = [it for it in shelf if it["sku"] != event["remove"]]
        if "put" in event:
            _put(shelf, event["put"], "sku")
        self.view["shelf_total"] = event.get("total", len(self.view["shelf"]))

    def _shelf_moved(self, event: Message) -> None:
        shelf = self.view["shelf"]
        moved = [it for it in shelf if it["sku"] == event["sku"]]
        rest = [it for it in shelf if it["sku"] != event["sku"]]
        skus = [it["sku"] for it in rest]
        before = event.get("before", "")
        at = skus.index(before) if before in skus else len(rest)
        self.view["shelf"] = [*rest[:at], *moved, *rest[at:]]

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


def _which(value: Message) -> tuple[str, str]:
    return value["name"], value.get("item", "")


def _put(items: list[Message], new: Message, key: str) -> None:
    """Replace the item of the same key where it stands, or add it at the end."""
    for i, item in enumerate(items):
        if item[key] == new[key]:
            items[i] = new
            return
    items.append(new)
