"""Watches what a person does besides buying, and the events about it; compared over all people."""

from collections import Counter

from client_sim import content
from client_sim.checks import Findings
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message

REFUSALS = ("muted", "not_live", "forbidden", "unavailable")
"""Refusals that any comment may get, also one that asks for the link."""
OWN_LIMITS = ("You ", "Too many commands", "The room is in slow mode")
"""The beginning of a `rate_limited` sentence that is about this person's own comments."""


class CommunityRecord:
    """Votes, entries, claims and held comments of all people in a run."""

    def __init__(self) -> None:
        self.votes: dict[str, dict[str, int]] = {}  # by poll: user -> option
        self.entered: dict[str, set[str]] = {}  # by lucky draw
        self.claims: dict[str, str] = {}  # claim -> coupon
        self.polls: dict[str, Message] = {}  # as last told
        self.luckies: dict[str, Message] = {}
        self.bids: dict[str, dict[str, int]] = {}  # by auction: user -> highest maximum answered
        self.auctions: dict[str, Message] = {}  # as last told
        self.coupons: dict[str, Message] = {}
        self.held: dict[str, str] = {}  # comment -> its author
        self.passed: set[str] = set()
        self.shown: dict[str, set[str]] = {}  # comment -> who saw it beside its author
        self.called: set[str] = set()  # who follows or reserved
        self.announced: Counter[tuple[str, str]] = Counter()  # (user, room)
        self.waited: set[str] = set()  # who sat in the fan group before the start


class CommunityWatch(Observer):
    """Watches one person, in the stream and in the fan group alike."""

    def __init__(self, who: str, findings: Findings, record: CommunityRecord) -> None:
        self.who = who
        self._findings = findings
        self._record = record
        self._pins: tuple[str | None, str | None] = (None, None)  # before, now

    def joined(
        self,
        asked: Position | None,  # noqa: ARG002 - a return is like a first coming here
        reply: Message,
    ) -> None:
        """Take the state of the snapshot."""
        room = reply["room"]
        self._pins = (None, room.get("pin"))
        for coupon in room.get("coupons", []):
            self._record.coupons[coupon["coupon"]] = coupon
        record = self._record
        newest = {"poll": record.polls, "lucky": record.luckies, "auction": record.auctions}
        for kind, kept in newest.items():
            if room.get(kind):
                kept[room[kind][kind]] = room[kind]

    def event(self, event: Message) -> None:
        """Remember an event."""
        match event["t"]:
            case "pin":
                self._pins = (self._pins[1], event.get("sku"))
            case "comment" if event["user"] != self.who:
                self._record.shown.setdefault(event["id"], set()).add(self.who)
            case "poll":
                self._record.polls[event["poll"]["poll"]] = event["poll"]
            case "lucky":
                self._record.luckies[event["lucky"]["lucky"]] = event["lucky"]
            case "auction":
                self._record.auctions[event["auction"]["auction"]] = event["auction"]
            case "coupon":
                self._record.coupons[event["coupon"]["coupon"]] = event["coupon"]
            case "announce":
                self._record.announced[self.who, event["room"]] += 1

    def answered(
        self,
        command: Message,
        reply: Message,
        took_s: float,  # noqa: ARG002 - when is not its business, only what
    ) -> None:
        """Remember a command and its reply, and check the promises of the reply."""
        if reply["t"] != "ok":
            if command["op"] == "comment" and not _may_refuse(reply):
                self._link_given(command["text"], reply)
            return
        match command["op"]:
            case "comment":
                self._said(command["text"], reply)
            case "vote":
                self._record.votes.setdefault(command["poll"], {})[self.who] = command["option"]
            case "lucky.enter":
                self._record.entered.setdefault(command["lucky"], set()).add(self.who)
            case "bid":
                bids = self._record.bids.setdefault(command["auction"], {})
                bids[self.who] = max(command["max"], bids.get(self.who, 0))
            case "coupon.claim":
                self._record.claims[reply["claim"]["claim"]] = command["coupon"]
            case "follow" | "reserve":
                self._record.called.add(self.who)
            case "review.pass":
                self._record.passed.add(command["id"])

    def _said(self, text: str, reply: Message) -> None:
        if reply.get("held"):
            self._record.held[reply["id"]] = self.who
        else:
            self._link_given(text, reply)

    def _link_given(self, text: str, reply: Message) -> None:
        """Check that an ask for the link gets a card; without number or name, the pinned one."""
        before, now = self._pins
        if now is None or not content.asks_link(text):
            return
        card = reply.get("card") or {}
        sku = card.get("product", {}).get("sku")
        given = (
            f"refused {reply['code']}: {reply['msg']}" if reply["t"] == "err" else f"given {sku}"
        )
        words = f"asked {text!r} while {now} was pinned and was {given}"
        fine = sku is not None and sku in (before, now)
        self._findings.see("links_given", fine, self.who, words)


def _may_refuse(reply: Message) -> bool:
    """Return whether an ask for the link may be refused so; comments of others are no reason."""
    if reply["code"] == "rate_limited":
        return str(reply["msg"]).startswith(OWN_LIMITS)
    return reply["code"] in REFUSALS
