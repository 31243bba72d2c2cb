"""One viewer's memory of the events, and the contradictions in it."""

from collections import deque
from collections.abc import Callable
from typing import Any

from client_sim.checks import Findings
from client_sim.client.errors import RoomError
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message
from client_sim.order_book import OrderBook
from client_sim.record import Record
from client_sim.stock_book import StockBook

COMMENT_IDS_KEPT_MAX = 2000
TO_ROOM = frozenset(
    {"phase", "shelf", "pin", "sale", "draw", "removed", "notice", "room"}
    | {"question", "coupon", "poll", "lucky", "auction"}
)
"""Must-events to the whole room: these carry `seq`."""

SHAPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "comment": {"id": str, "user": str, "name": str, "role": str, "text": str, "ts": int},
    "likes": {"total": int},
    "online": {"now": int, "total": int},
    "phase": {"phase": str, "at": int},
    "shelf": {},
    "pin": {"sku": (str, type(None))},
    "sale": {"sale": dict},
    "stock": {"sale": str, "left": int, "held": int, "sold": int, "ver": int},
    "draw": {"sale": str, "seed": str, "entries": int},
    "order": {"order": dict},
    "sold": {"name": str, "sku": str, "qty": int},
    "removed": {},
    "notice": {"text": str},
    "room": {"slow_s": int},
    "muted": {"until": int},
    "question": {"question": dict},
    "coupon": {"coupon": dict},
    "claims": {"coupon": str, "claimed": int, "used": int, "ver": int},
    "claim": {"claim": dict},
    "poll": {"poll": dict},
    "votes": {"poll": str, "votes": list, "ver": int},
    "lucky": {"lucky": dict},
    "entries": {"lucky": str, "entries": int},
    "auction": {"auction": dict},
    "bids": {"auction": str, "price": int, "bids": int, "ends": int, "leader": str, "ver": int},
    "followers": {"total": int},
    "reserved": {"total": int},
    "announce": {"room": str, "title": str, "host": str, "host_name": str, "why": str},
    "role": {"role": str},
    "asks": {"counts": dict},
    "queue": {"questions": list},
    "review": {"held": list, "total": int},
    "gap": {"comments": int},
    "bye": {"code": int},
}


class Witness(Observer):
    """Watches one person over all their connections; finds fault by writing to `findings`."""

    def __init__(self, who: str, findings: Findings, record: Record) -> None:
        self.who = who
        self.orders = OrderBook(who, findings)
        self.stock = StockBook(who, findings, record)
        self.gaps = 0  # comments left out, by the server's word, since the last join
        self.comments_heard = 0  # since the last join
        self._after: str | None = None  # the last comment of the snapshot we joined with
        self._findings = findings
        self._record = record
        self._position: Position | None = None
        self._like_total = 0
        self._saw_shadow = False
        self._own_said: dict[str, str] = {}
        self._own_heard: dict[str, str] = {}
        self._ids: deque[str] = deque(maxlen=COMMENT_IDS_KEPT_MAX)
        self._id_set: set[str] = set()
        self._notes: dict[str, Callable[[Message], None]] = {
            "stock": self.stock.stock,
            "sale": lambda event: self.stock.sale(event["sale"]),
            "draw": self.stock.draw,
            "likes": lambda event: self._likes(event["total"]),
            "comment": self._comment,
            "gap": self._gap,
            "order": lambda event: self.orders.told(event["order"]),
            "removed": self._removed,
        }

    def joined(self, asked: Position | None, reply: Message) -> None:
        """Check a resume, and start to count afresh."""
        now = Position(reply["epoch"], reply["seq"])
        self._see("let_in", True, "")
        if asked is not None:
            self._resumed(asked, now, reply)
        if self._position is not None and self._position.epoch != now.epoch:
            self.stock.start_anew()
        self._position = now
        self._like_total = reply["room"].get("likes", 0)
        comments = reply["room"].get("comments", [])
        self._after = comments[-1]["id"] if comments else None
        self.comments_heard = self.gaps = 0
        self._own_said.clear()  # what was said just before leaving may be heard by others only
        for comment in comments:
            self._remember(comment["id"])
        for sale in reply["room"].get("sales", []):
            self.stock.sale(sale)
        self.orders.joined(reply.get("orders", []))

    def event(self, event: Message) -> None:
        """Check one event."""
        t = event["t"]
        shape = SHAPES.get(t, {})  # a newer server may say more than we know
        wrong = [name for name, kind in shape.items() if not isinstance(event.get(name, ...), kind)]
        if not self._see("shape", not wrong, f"a {t} event has no good {wrong}: {event!r:.200}"):
            return
        if t in TO_ROOM or "seq" in event:
            self._in_order(event)
        note = self._notes.get(t)
        if note is not None:
            note(event)

    def answered(
        self,
        command: Message,
        reply: Message,
        took_s: float,  # noqa: ARG002 - when is not its business, only what
    ) -> None:
        """Check a reply."""
        if reply["t"] == "err":
            ours = ("bad_message", "bad_token", "forbidden")
            # What may be said, and by whom, is the host's choice.
            fine = reply["code"] not in (ours if command["op"] != "comment" else ours[:2])
            self._see("let_in", fine, f"`{command['op']}` was refused: {reply['msg']}")
        elif command["op"] == "comment" and not reply.get("held"):
            self._own_said[reply["id"]] = command["text"].strip()
        self.orders.answered(command, reply)

    def unanswered(self, command: Message) -> None:
        """An unanswered buy may have become an order."""
        self.orders.unanswered(command)

    def see(self, check: str, holds: object, sentence: str) -> None:
        """Note one look of a check that the person made by themselves."""
        self._see(check, bool(holds), sentence)

    def shut_out(self, errors: ExceptionGroup[RoomError]) -> None:
        """Note that the room sent this person away."""
        error: Exception = errors
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        self._see("let_in", False, str(error))

    @property
    def sees_what_others_do_not(self) -> bool:
        """Return whether this person sees comments of a shadow-muted user, perhaps their own."""
        return self._saw_shadow or self._record.shadowed[self.who] > 0

    def unheard(self) -> list[str]:
        """Own comments that were accepted and have not come back yet."""
        return [said for said in self._own_said if said not in self._own_heard]

    def uncounted(self) -> int | None:
        """Comments said since we joined that we neither got nor were told of; None: unknown."""
        said = self._record.said_after(self._after)
        if said is None:
            return None
        return said + self._record.shadowed[self.who] - self.comments_heard - self.gaps

    def finish(self) -> None:
        """Make the checks that need a quiet room."""
        for comment, text in self._own_said.items():
            heard = self._own_heard.get(comment)
            told = "never came back" if heard is None else f"came back as {heard!r}"
            self._see("own_comments", heard == text, f"own comment {text!r} {told}")
        missing = self.uncounted()
        if missing is not None:
            fine = 0 <= missing <= self._record.comments_removed
            words = f"{missing} of the comments said since joining are unaccounted for"
            self._see("comments_counted", fine, words)
        self.stock.finish()

    def _see(self, check: str, holds: Any, sentence: str) -> bool:
        return self._findings.see(check, bool(holds), self.who, sentence)

    def _resumed(self, asked: Position, now: Position, reply: Message) -> None:
        missed = reply.get("missed") or []
        if reply.get("gap"):
            return
        same = now.epoch == asked.epoch
        self._see("gapless", same, f"resumed from {asked} to {now} without being told of the gap")
        seqs = [event["seq"] for event in missed if "seq" in event]
        if same:
            expected = list(range(asked.seq + 1, now.seq + 1))
            words = f"resumed from {asked.seq} to {now.seq} and missed was {seqs}"
            self._see("gapless", seqs == expected, words)
        for event in missed:
            if event["t"] == "order":
                self.orders.told(event["order"])
            elif "seq" in event:
                self._compare(Position(now.epoch, event["seq"]), event)

    def _in_order(self, event: Message) -> None:
        seq, here = event.get("seq"), self._position
        if seq is None or here is None:
            self._see("gapless", False, f"a {event['t']} event came without seq, or before join")
            return
        self._see("once", seq > here.seq, f"event {seq} came again, after {here.seq}")
        self._see("gapless", seq <= here.seq + 1, f"event {seq} came after {here.seq}")
        self._position = Position(here.epoch, max(seq, here.seq))
        self._compare(Position(here.epoch, seq), event)

    def _compare(self, at: Position, event: Message) -> None:
        first = self._record.event(at, event)
        self._see("same_story", first == event, f"at {at} one heard {first}, another {event}")

    def _likes(self, total: int) -> None:
        known = self._like_total
        self._see("likes_forward", total >= known, f"likes went from {known} to {total}")
        self._like_total = max(total, known)

    def _comment(self, event: Message) -> None:
        comment = event["id"]
        if event.get("shadow"):
            self._saw_shadow = True
            return
        self.comments_heard += 1
        self._see("once", comment not in self._id_set, f"comment {comment} came twice")
        self._remember(comment)
        if event["user"] == self.who:
            self._own_heard[comment] = event["text"]

    def _remember(self, comment: str) -> None:
        if comment not in self._id_set:
            if len(self._ids) == COMMENT_IDS_KEPT_MAX:
                self._id_set.discard(self._ids[0])
            self._ids.append(comment)
            self._id_set.add(comment)

    def _gap(self, event: Message) -> None:
        self.gaps += event["comments"]

    def _removed(self, event: Message) -> None:
        if event.get("user") == self.who:
            self._own_said.clear()
        self._own_said.pop(event.get("id", ""), None)
