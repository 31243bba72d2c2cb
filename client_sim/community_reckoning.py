"""Compares people's memories of coupons, polls and draws with the room, at the end of a run."""

import asyncio
import hashlib
from collections import Counter
from typing import Any

from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.community_watch import CommunityRecord
from client_sim.order_book import LIVE
from client_sim.reckoning import LOOKS_MAX
from client_sim.rest import Rest
from client_sim.tokens import CannotRun

FIGURES_OLD_S = 1.0
"""The greatest age of the server's figures: the default of its `figures.fresh_s`."""


class CommunityReckoning:
    """`make` compares all of it, read with the admin's token of `office`."""

    def __init__(self, record: CommunityRecord, findings: Findings) -> None:
        self._record = record
        self._findings = findings

    async def make(self, office: Rest, room: str) -> None:
        """Compare everything there was. What can't be read has failed."""
        try:
            await self._compare(office, room)
        except CannotRun as error:
            self._see("figures_agree", False, str(error))

    async def _compare(self, office: Rest, room: str) -> None:
        self.compare_polls()
        for lucky in self.drawn():
            told = await office.read(f"rooms/{room}/luckies/{lucky}/entrants")
            self.compare_lucky(lucky, told["entrants"])
        self.compare_comments()
        self.compare_announcements(room)
        for _ in range(LOOKS_MAX):  # until nothing moves between two looks
            orders = await office.orders(room)
            view = await office.room(room) or {}
            figures = await office.read(f"rooms/{room}/figures")
            moved = orders != await office.orders(room)
            agree = all(a == b for _, a, b in _compared(figures["numbers"], orders))
            if agree and not moved:
                break
            await asyncio.sleep(FIGURES_OLD_S)  # the figures may be of a moment ago
        self.compare_auctions(orders)
        self.compare_coupons(orders, view.get("coupons", []))
        self.compare_figures(figures["numbers"], orders)

    def compare_polls(self) -> None:
        """Check that every closed poll has the answered votes, no more and no fewer."""
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

    def compare_auctions(self, orders: list[Message]) -> None:
        """Check that whose answered maximum was the highest won, at the right price, and alone."""
        for auction in self._record.auctions.values():
            if auction["status"] != "sold":
                continue
            name = auction["auction"]
            maxima = sorted(self._record.bids.get(name, {}).items(), key=lambda bid: -bid[1])
            users, amounts = [user for user, _ in maxima], [most for _, most in maxima]
            to_beat = [most + auction["increment"] for most in amounts[1:2]]
            asked = max(auction["opening"], *to_beat, 0)
            price = min(asked, amounts[0]) if amounts else 0
            words = f"auction {name} came to {auction['price']}, the bids make it {price}"
            above = auction.get("reserve") == "met" and auction["price"] <= amounts[0]
            self._see("auctions_check_out", auction["price"] == price or above, words)
            own = sorted((o for o in orders if o.get("auction") == name), key=_made)
            first = own[0] if own else {}
            words = f"auction {name} is sold, and its first order is {first}, of {users[:2]}"
            best = [user for user, most in maxima if most == amounts[0]]
            won = first.get("user") in best and first.get("total") == auction["price"]
            self._see("auctions_check_out", won, words)
            live = [order["order"] for order in own if order["status"] in LIVE]
            words = f"auction {name} has {len(live)} live orders: {live}"
            self._see("auctions_check_out", len(live) <= 1, words)

    def compare_coupons(self, orders: list[Message], coupons: list[Message]) -> None:
        """Check that quotas hold, a claim is in one live order, and prices follow the coupons."""
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
        """Check that viewers see no comment that waits for review."""
        for comment, author in self._record.held.items():
            seen = self._record.shown.get(comment, set())
            words = f"comment {comment} of {author} was held and seen by {sorted(seen)[:5]}"
            self._see("held_unseen", not seen or comment in self._record.passed, words)

    def compare_announcements(self, room: str) -> None:
        """Check that followers and reservers who waited in the fan group were told once."""
        for user in self._record.waited & self._record.called:
            times = self._record.announced[user, room]
            self._see("announced_once", times == 1, f"{user} was told {times} times")

    def compare_figures(self, figures: Message, orders: list[Message]) -> None:
        """Check that the host's figures are the sums over the orders."""
        for words, told, ours in _compared(figures, orders):
            self._see("figures_agree", told == ours, f"{words} is {told}, by the orders {ours}")

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), "the reckoning", sentence)


def _compared(figures: Message, orders: list[Message]) -> list[tuple[str, Any, Any]]:
    """Return pairs that must be equal: (name, by the figures, by the orders)."""
    paid = [order for order in orders if order["status"] == "paid"]
    bought = [order for order in orders if order["status"] in ("paid", "returned")]
    return [
        ("net GMV", _money(figures["gmv_net"]), _less(_sum(paid, "total"), _sum(paid, "back"))),
        ("coupon cost", _money(figures["coupon_cost"]), _sum(bought, "off")),
        ("buyers", figures["buyers"], len({order["user"] for order in bought})),
    ]


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _made(order: Message) -> int:
    created: int = order["created"]
    return created


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


def _less(money: dict[str, int], less: dict[str, int]) -> dict[str, int]:
    return _money({currency: n - less.get(currency, 0) for currency, n in money.items()})


def _money(amounts: Message) -> dict[str, int]:
    return {currency: amount for currency, amount in amounts.items() if amount}
