"""What people did beside buying, and what they were told of it: seen by one, compared over all."""

import hashlib
from collections import Counter
from typing import Any

from client_sim import content
from client_sim.checks import Findings
from client_sim.observer import Observer
from client_sim.order_book import LIVE
from client_sim.state import Position
from client_sim.wire import Message


class CommunityRecord:
    """What everybody of one run did and heard: votes, entries, claims, comments held back."""

    def __init__(self) -> None:
        self.votes: dict[str, dict[str, int]] = {}  # by poll: user -> option
        self.entered: dict[str, set[str]] = {}  # by lucky draw
        self.claims: dict[str, str] = {}  # claim -> coupon
        self.polls: dict[str, Message] = {}  # as last told
        self.luckies: dict[str, Message] = {}
        self.coupons: dict[str, Message] = {}
        self.held: dict[str, str] = {}  # comment -> its author
        self.passed: set[str] = set()
        self.shown: dict[str, set[str]] = {}  # comment -> who saw it beside its author
        self.called: set[str] = set()  # who follows or reserved
        self.announced: Counter[tuple[str, str]] = Counter()  # (user, room)


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
        """Take over what the snapshot shows."""
        room = reply["room"]
        self._pins = (None, room.get("pin"))
        for coupon in room.get("coupons", []):
            self._record.coupons[coupon["coupon"]] = coupon
        for kind, kept in (("poll", self._record.polls), ("lucky", self._record.luckies)):
            if room.get(kind):
                kept[room[kind][kind]] = room[kind]

    def event(self, event: Message) -> None:
        """Remember what the room and this person are told."""
        match event["t"]:
            case "pin":
                self._pins = (self._pins[1], event.get("sku"))
            case "comment" if event["user"] != self.who:
                self._record.shown.setdefault(event["id"], set()).add(self.who)
            case "poll":
                self._record.polls[event["poll"]["poll"]] = event["poll"]
            case "lucky":
                self._record.luckies[event["lucky"]["lucky"]] = event["lucky"]
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
        """Remember what was done, and check what is owed at once."""
        if reply["t"] != "ok":
            return
        match command["op"]:
            case "comment" if reply.get("held"):
                self._record.held[reply["id"]] = self.who
            case "comment":
                self._link_given(command["text"], reply)
            case "vote":
                self._record.votes.setdefault(command["poll"], {})[self.who] = command["option"]
            case "lucky.enter":
                self._record.entered.setdefault(command["lucky"], set()).add(self.who)
            case "coupon.claim":
                self._record.claims[reply["claim"]["claim"]] = command["coupon"]
            case "follow" | "reserve":
                self._record.called.add(self.who)
            case "review.pass":
                self._record.passed.add(command["id"])

    def _link_given(self, text: str, reply: Message) -> None:
        """Who asks for the link gets a card; without a number or a name, of what is pinned."""
        before, now = self._pins
        if now is None or not content.asks_link(text):
            return
        card = reply.get("card") or {}
        sku = card.get("product", {}).get("sku")
        words = f"asked {text!r} while {now} was pinned and was given {sku}"
        fine = sku is not None and sku in (before, now)
        self._findings.see("links_given", fine, self.who, words)


class CommunityReckoning:
    """At the end: `compare` lays what people remember beside what the room says."""

    def __init__(self, record: CommunityRecord, findings: Findings) -> None:
        self._record = record
        self._findings = findings

    def compare_polls(self) -> None:
        """Every closed poll has the votes that were answered, no more and no fewer."""
        for poll in self._record.polls.values():
            if poll["status"] != "closed":
                continue
            counted = Counter(self._record.votes.get(poll["poll"], {}).values())
            votes = [counted[option] for option in range(len(poll["options"]))]
            words = f"poll {poll['poll']} ended with {poll['votes']}, people voted {votes}"
            self._see("votes_counted", votes == poll["votes"], words)

    def drawn(self) -> list[str]:
        """The lucky draws that are over."""
        return [it["lucky"] for it in self._record.luckies.values() if it["status"] == "drawn"]

    def compare_lucky(self, lucky: str, entrants: list[str]) -> None:
        """The winners of a draw follow from its seed and the entrants that are published."""
        drawn = self._record.luckies[lucky]
        missing = self._record.entered.get(lucky, set()) - set(entrants)
        self._see("draws_check_out", not missing, f"draw {lucky} lost the entries of {missing}")
        seed = drawn["seed"]
        words = f"draw {lucky}: seed {seed} has not the hash that was told"
        self._see("draws_check_out", _sha1(seed) == drawn["seed_hash"], words)
        ranked = sorted(entrants, key=lambda user: _sha1(f"{seed} {user}"))
        won = [winner["user"] for winner in drawn.get("winners", [])]
        words = f"draw {lucky} was won by {won}, should be {ranked[: drawn['prizes']]}"
        self._see("draws_check_out", won == ranked[: drawn["prizes"]], words)
        together = _sha1("\n".join(sorted(entrants, key=str.encode)))
        words = f"draw {lucky}: the published entrants have not the hash that was told"
        self._see("draws_check_out", together == drawn["entrants_hash"], words)

    def compare_coupons(self, orders: list[Message], coupons: list[Message]) -> None:
        """Quotas are kept, a claim is in one live order, and orders cost what coupons say."""
        terms = {coupon["coupon"]: coupon for coupon in coupons}
        given = Counter(self._record.claims.values())
        for name, coupon in terms.items():
            words = f"coupon {name}: {given[name]} claims answered, {coupon['claimed']} counted"
            fine = given[name] <= coupon["claimed"] <= coupon["quota"]
            self._see("claims_kept", fine, words)
        used: Counter[str] = Counter()
        for order in orders:
            if not order.get("claim"):
                continue
            used[order["claim"]] += order["status"] in LIVE
            whole = sum(line["qty"] * line["price"] for line in order["lines"])
            off = _off(terms[order["coupon"]], order["lines"])
            words = f"order {order['order']} of {whole} costs {order['total']}, {off} is off"
            self._see("coupon_prices", order["total"] == whole - off, words)
            self._see("coupon_prices", order["off"] == off, words)
        for claim, times in used.items():
            self._see("claims_kept", times <= 1, f"claim {claim} is in {times} live orders")

    def compare_comments(self) -> None:
        """What a moderator has to look at first is seen by nobody else."""
        for comment, author in self._record.held.items():
            seen = self._record.shown.get(comment, set())
            words = f"comment {comment} of {author} was held and seen by {sorted(seen)[:5]}"
            self._see("held_unseen", not seen or comment in self._record.passed, words)

    def compare_announcements(self, room: str, waiting: list[str]) -> None:
        """Those of `waiting`, connected elsewhere, who follow or reserved were told once."""
        for user in waiting:
            if user in self._record.called:
                times = self._record.announced[user, room]
                self._see("announced_once", times == 1, f"{user} was told {times} times")

    def compare_figures(self, figures: Message, orders: list[Message]) -> None:
        """The host's figures are what the orders add up to."""
        paid = [order for order in orders if order["status"] == "paid"]
        for words, told, ours in (
            ("net GMV", _money(figures["gmv_net"]), _sum(paid, "total")),
            ("coupon cost", _money(figures["coupon_cost"]), _sum(paid, "off")),
            ("buyers", figures["buyers"], len({order["user"] for order in paid})),
        ):
            self._see("figures_agree", told == ours, f"{words} is {told}, by the orders {ours}")

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), "the reckoning", sentence)


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _off(coupon: Message, lines: list[Message]) -> int:
    skus = coupon.get("skus") or [line["sku"] for line in lines]
    eligible: int = sum(line["qty"] * line["price"] for line in lines if line["sku"] in skus)
    if "percent" in coupon:
        return eligible * int(coupon["percent"]) // 100
    return min(int(coupon["amount"]), eligible)


def _sum(orders: list[Message], field: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for order in orders:
        found[order["currency"]] += order.get(field, 0)
    return {currency: amount for currency, amount in found.items() if amount}


def _money(amounts: Message) -> dict[str, int]:
    return {currency: amount for currency, amount in amounts.items() if amount}
