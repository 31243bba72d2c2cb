"""Every Redis name is built here.

All keys of a room stand under one hash tag, `{room:ID}`, so that one script may touch them all,
also on a Cluster. A script declares by these names which keys it uses (see `scripts`).
"""

from typing import Final

ROOM_KEYS: Final = {
    "room": "hash: the room's fields, counters, seq, sub, epoch",
    "bus": "channel: what workers with viewers in this room listen to",
    "events": "stream: must-events as <seq>-0, private ones as <seq>-<sub>",
    "shelf": "hash sku -> packed Product, in the order of `shelf_order`",
    "shelf_order": "zset: sku by the number of its first put",
    "recent": "list: packed recent comments, newest first",
    "muted": "hash user -> until (ms), half a ms more for a shadow mute",
    "shadowed": "list: <comment>/<user> of the newest said in a shadow mute, newest first",
    "spoke": "hash user -> ms of the last comment, kept in slow mode only",
    "presence": "hash worker -> packed {n, at}",
    "viewers": "HyperLogLog of viewers seen",
    "sales": "hash sale -> packed fixed part of a Sale",
    "stock": "hash <sale>:<counter> -> integer, counter of allocated left held sold ver status",
    "due": "zset: <sale>:start and <sale>:end by the ms they are due",
    "orders": "hash order -> packed Order with its key and buyer",
    "orders_of": "hash user -> order ids, oldest first, a space before each",
    "bought": "hash <sale>/<user> -> live units (held + sold) of that buyer",
    "once": "hash <bytes in user>:<user>/<key> -> <digest> <order>: idempotency keys",
    "holds": "zset: order by the ms its hold lapses",
    "ledger": "stream: every change of an order or of an allocation, append-only",
    "stats": "hash: totals, a fold of the ledger",
    "payments": "hash payment -> packed {payment, order, amount, currency, status, at}",
    "draws": "hash sale -> seed of its draw, until it was drawn",
    "entries": "hash <sale>/<user> -> packed buy that waits for the draw of that sale",
    "waiting": "zset: <sale>/<number of 16 digits>/<user>, in the order people queued",
    "queued": "hash <sale>/<user> -> packed {user, name, qty, n}; `n`: the last number given",
    "dead_letters": "hash place in the ledger -> packed DeadLetter of the outbox",
    "nudge": "string: written before waiting for copies, see `Scripts`",
    "timeline": "stream: facts of the room for replay and figures, <ms>-<n>, see `_timeline.lua`",
    "actions": "stream: those facts of the timeline that somebody stands for, <ms>-<n>",
    "coupons": "hash coupon -> packed fixed part of a Coupon",
    "coupon_counts": "hash <coupon>:<counter> -> integer, counter of claimed used ver status",
    "claims": "hash claim -> packed Claim",
    "claims_of": "hash user -> <coupon>/<claim>, oldest first, a space before each",
    "asks": "hash sku -> how many asked for its link, '' for no product",
    "asked": "hash <sku>/<user> -> ms of the last ask that was counted",
    "questions": "hash question -> packed Question",
    "askers": "zset: <question>/<user>, all with score 0: who asked an open question",
    "polls": "hash poll -> packed fixed part of a Poll; `newest` names the newest",
    "votes": "hash <poll>/<user> -> option; <poll>:<option> -> how many; <poll>:ver, <poll>:status",
    "luckies": "hash lucky -> packed Lucky; `newest` names the newest",
    "lucky_seeds": "hash lucky -> seed, until it was drawn",
    "entrants": "hash <lucky>/<user> -> name",
    "entered": "zset: <lucky>/<user>, all with score 0, so in the order of their bytes",
    "lots": "zset: <lucky>/<SHA-1 in hex><user>, all with score 0, until it was drawn",
    "ends": "zset: open poll or lucky draw by the ms it ends",
    "reserved": "hash user -> ms of the reservation",
    "announcing": "zset: steps of announcing the start that are left, by the ms they are due",
    "members": "hash user -> packed {name, at}: who belongs to this fan group",
    "rules": "hash: rules of moderation that no snapshot shows",
    "words": "hash blocked word -> block or hold",
    "review": "hash comment -> packed HeldComment with its role",
    "review_order": "zset: comment that waits for review by its ms",
    "said": "zset <user>/<digest> and \\1/<digest> by ms * 1000, the latter + users: said lately",
    "spoken": "zset: user by the ms of their first comment shown here, .5 more once one was passed",
    "moderators": "hash user -> ms: moderators of this room alone",
    "refunds": "zset: payment by the ms from which its refund is to be tried",
}

HOST_KEYS: Final = {
    "followers": "hash user -> ms since when they follow",
    "fans": "hash user -> ms of the first follow, kept when they unfollow",
    "rooms": "zset: the host's stream rooms by the ms they were created",
    "log": "stream: facts of the host, <ms>-<n>: follow, unfollow",
    "buyers": "hash user -> packed {room, at} of the first order paid with this host",
    "settled": "hash room -> place in its ledger up to which `buyers` knows it",
    "figures": "hash room -> figures of an ended room as JSON, with the places they are as of",
    "answers": "hash <sku>/<topic or digest> -> packed Question, answered, and where it was given",
}


class Keys:
    """Builds names under one prefix (`redis.key_prefix`)."""

    __slots__ = ("prefix",)

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def room(self, room_id: str, name: str) -> str:
        """The key `name` (one of ROOM_KEYS) of a room."""
        if name not in ROOM_KEYS:
            raise KeyError(f"{name!r} is no key of a room; add it to ROOM_KEYS with its meaning.")
        return f"{self.prefix}:{{room:{room_id}}}:{name}"

    def host(self, host: str, name: str) -> str:
        """The key `name` (one of HOST_KEYS) of a host: what outlives their rooms."""
        if name not in HOST_KEYS:
            raise KeyError(f"{name!r} is no key of a host; add it to HOST_KEYS with its meaning.")
        return f"{self.prefix}:{{host:{host}}}:{name}"

    def room_of(self, channel: str) -> str:
        """The room id in the name of one of its keys."""
        return channel[len(self.prefix) + len(":{room:") :].rsplit("}:", 1)[0]

    @property
    def rooms(self) -> str:
        """zset: room ids by the ms they were created, fan groups by the negative of it.

        No room's state, only the list.
        """
        return f"{self.prefix}:rooms"

    @property
    def workers(self) -> str:
        """hash worker -> packed figures for the operator page (see `web.ops`)."""
        return f"{self.prefix}:workers"

    def ready(self, n: int) -> str:
        """string: written to see whether Redis takes writes; each `n` may lie in another slot."""
        return f"{self.prefix}:ready:{n}"

    def worker(self, worker_id: str) -> str:
        """channel: the watchdog of one worker's bus connection."""
        return f"{self.prefix}:worker:{worker_id}"
