"""One viewer's memory of what they saw, and what cannot be true about it."""

from collections import deque
from typing import Any

from client_sim.checks import Findings
from client_sim.errors import RoomError
from client_sim.observer import Observer
from client_sim.order_book import OrderBook
from client_sim.record import Record
from client_sim.state import Position
from client_sim.wire import Message

COMMENT_IDS_KEPT_MAX = 2000
TO_ROOM = frozenset({"phase", "shelf", "pin", "sale", "removed", "notice", "room"})
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
    "order": {"order": dict},
    "sold": {"name": str, "sku": str, "qty": int},
    "removed": {},
    "notice": {"text": str},
    "room": {"slow_s": int},
    "muted": {"until": int},
    "gap": {"comments": int},
    "bye": {"code": int},
}


class Witness(Observer):
    """Watches one person over all their connections; finds fault by writing to `findings`."""

    def __init__(self, who: str, findings: Findings, record: Record) -> None:
        self.who = who
        self.orders = OrderBook(who, findings)
        self.gaps = 0  # comments left out, by the server's word, since the last join
        self.comments_heard = 0  # since the last join
        self._after: str | None = None  # the last comment of the snapshot we joined with
        self._findings = findings
        self._record = record
        self._position: Position | None = None
        self._ver: dict[str, int] = {}
        self._sale_ver: dict[str, int] = {}
        self._sums: dict[str, set[int]] = {}
        self._own_said: dict[str, str] = {}
        self._own_heard: dict[str, str] = {}
        self._ids: deque[str] = deque(maxlen=COMMENT_IDS_KEPT_MAX)
        self._id_set: set[str] = set()

    def joined(self, asked: Position | None, reply: Message) -> None:
        """Check a resume, and start to count afresh."""
        now = Position(reply["epoch"], reply["seq"])
        self._see("let_in", True, "")
        if asked is not None:
            self._resumed(asked, now, reply)
        self._position = now
        comments = reply["room"].get("comments", [])
        self._after = comments[-1]["id"] if comments else None
        self.comments_heard = self.gaps = 0
        self._own_said.clear()  # what was said just before leaving may be heard by others only
        for comment in comments:
            self._remember(comment["id"])
        for sale in reply["room"].get("sales", []):
            self._sale(sale)
        self.orders.listed(reply.get("orders", []))

    def event(self, event: Message) -> None:
        """Check one event."""
        t = event["t"]
        shape = SHAPES.get(t)
        if shape is None:
            return  # a newer server may say more than we know
        wrong = [name for name, kind in shape.items() if not isinstance(event.get(name, ...), kind)]
        if not self._see("shape", not wrong, f"a {t} event has no good {wrong}: {event!r:.200}"):
            return
        if t in TO_ROOM or "seq" in event:
            self._in_order(event)
        match t:
            case "stock":
                self._stock(event)
            case "sale":
                self._sale(event["sale"])
            case "comment":
                self._comment(event)
            case "gap":
                self.gaps += event["comments"]
            case "order":
                self.orders.told(event["order"])
            case "removed":
                self._removed(event)

    def answered(
        self,
        command: Message,
        reply: Message,
        took_s: float,  # noqa: ARG002 - when is not its business, only what
    ) -> None:
        """Check a reply."""
        if reply["t"] == "err":
            fine = reply["code"] not in ("bad_message", "bad_token", "forbidden")
            self._see("let_in", fine, f"`{command['op']}` was refused: {reply['msg']}")
        elif command["op"] == "comment":
            self._own_said[reply["id"]] = command["text"].strip()
        self.orders.answered(command, reply)

    def unanswered(self, command: Message) -> None:
        """An unanswered buy may have become an order."""
        self.orders.unanswered(command)

    def shut_out(self, errors: ExceptionGroup[RoomError]) -> None:
        """The room would not have us any more."""
        error: Exception = errors
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        self._see("let_in", False, str(error))

    def unheard(self) -> list[str]:
        """Own comments that were accepted and have not come back yet."""
        return [said for said in self._own_said if said not in self._own_heard]

    def uncounted(self) -> int | None:
        """Comments said since we joined that we neither got nor were told of; None: unknown."""
        said = self._record.said_after(self._after)
        return None if said is None else said - self.comments_heard - self.gaps

    def finish(self) -> None:
        """Check what can only be known once the room is quiet."""
        for comment, text in self._own_said.items():
            heard = self._own_heard.get(comment)
            told = "never came back" if heard is None else f"came back as {heard!r}"
            self._see("own_comments", heard == text, f"own comment {text!r} {told}")
        missing = self.uncounted()
        if missing is not None:
            fine = 0 <= missing <= self._record.comments_removed
            words = f"{missing} of the comments said since joining are unaccounted for"
            self._see("comments_counted", fine, words)
        for sale, sums in self._sums.items():
            wrong = sums - self._record.allocated.get(sale, set())
            words = f"sale {sale} had {sorted(wrong)} units, which it was never allocated"
            self._see("stock_adds_up", not wrong, words)

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

    def _stock(self, stock: Message) -> None:
        sale, ver = stock["sale"], stock["ver"]
        known = self._ver.get(sale, 0)
        self._see("stock_forward", ver >= known, f"stock of {sale} went from ver {known} to {ver}")
        self._ver[sale] = max(ver, known)
        self._counts(stock)

    def _counts(self, stock: Message) -> None:
        counts = stock["left"], stock["held"], stock["sold"]
        words = f"stock of {stock['sale']}: left, held, sold = {counts}"
        self._see("stock_adds_up", min(counts) >= 0, words)
        self._sums.setdefault(stock["sale"], set()).add(sum(counts))

    def _sale(self, sale: Message) -> None:
        name, ver = sale["sale"], sale["ver"]
        known = self._sale_ver.get(name, 0)
        self._see("stock_forward", ver >= known, f"sale {name} went from ver {known} to {ver}")
        self._sale_ver[name] = max(ver, known)
        total = sale["left"] + sale["held"] + sale["sold"]
        words = f"sale {name} has {total} units of {sale['allocated']} allocated"
        self._see("stock_adds_up", total == sale["allocated"], words)
        self._record.allocated.setdefault(name, set()).add(sale["allocated"])
        self._counts(sale)

    def _comment(self, event: Message) -> None:
        comment = event["id"]
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

    def _removed(self, event: Message) -> None:
        if event.get("user") == self.who:
            self._own_said.clear()
        self._own_said.pop(event.get("id", ""), None)
