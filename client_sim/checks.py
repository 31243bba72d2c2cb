"""The checks of every run, and the record of their looks and failures.

A check that passed says how often it was looked at, so that one that never ran can't look green.
"""

from collections import Counter
from collections.abc import Mapping

CHECKS: dict[str, str] = {
    "shape": "every event has the fields the protocol promises",
    "gapless": "must-events reach a viewer without a gap, also over a resume",
    "once": "no must-event and no comment reaches a viewer twice",
    "same_story": "all viewers see the same event under the same seq",
    "stock_forward": "stock versions never go back within an epoch",
    "stock_adds_up": "left + held + sold = allocated, and none is below zero",
    "fair_draw": "the seed of a draw has the hash that was told before it",
    "likes_forward": "likes never go down",
    "own_comments": "authors see their own comments, word for word",
    "all_comments": "hosts and moderators get every comment, never a sample",
    "comments_counted": "comments received + left out (gap) = comments said",
    "one_key_one_order": "one key gives one order, two keys give two",
    "orders_kept": "an order that was answered ok stays in its buyer's list until it ends",
    "orders_forward": "an order's status never goes back, its price never changes",
    "nothing_unasked": "no buyer has an order they did not ask for",
    "per_user": "no buyer holds or owns more of a sale than its limit",
    "not_oversold": "the buyers' held and paid units are within what was allocated",
    "host_agrees": "the host's list, the buyers' lists and the stock say the same",
    "folded": "the state folded from events equals a fresh snapshot",
    "links_given": "who asks for the link while something is pinned is given its card",
    "held_unseen": "a comment that waits for review is seen by nobody but its author",
    "claims_kept": "coupons stay within their quota, and a claim is in one live order at a time",
    "coupon_prices": "an order with a coupon costs what the coupon says",
    "votes_counted": "a closed poll has the votes that were answered, no more and no fewer",
    "draws_check_out": "a lucky draw's winners follow from its seed and its published entrants",
    "auctions_check_out": "the highest maximum answered wins, at what the next one makes it pay",
    "announced_once": "who follows or reserved, and waits elsewhere, is told of the start once",
    "figures_agree": "the host's figures are what the orders add up to",
    "split_agrees": "host and merchants have of each order what its terms say, to the fen",
    "units_kept": "each unit a merchant received is in stock, allotted, sold or returned, once",
    "notes_counted": "a note has the likes, collects and comments that were answered, no more",
    "note_asks_answered": "who asks under a note is given its goods, and its author is told once",
    "sources_kept": "an order says what brought its buyer, and the host is told what notes brought",
    "feed_tells_why": "no page of the feed has a thing twice, and each row says why it is there",
    "search_leads_here": "what stands in the room is found, and leads to it",
    "drafts_hidden": "the draft after a stream names it, and nobody but its host sees it",
    "moments_told": "who says that goods are not as shown is shown what they saw and paid",
    "orders_told": "the last state of an order that its buyer was told is the one in their list",
    "answered": "each command is answered at last, by ok or by a rule of the room",
    "let_in": "nobody who behaves is shut out or told off for a bad message",
    "leak": "after each round of a soak the server's memory and file handles are where they were",
}
SHOWN_MAX = 5
COMMUNITY = frozenset(
    {"held_unseen", "claims_kept", "coupon_prices", "votes_counted", "draws_check_out"}
    | {"announced_once", "auctions_check_out", "notes_counted", "note_asks_answered"}
    | {"sources_kept", "feed_tells_why", "search_leads_here", "drafts_hidden"}
)
"""Checks of things that happen only by a script: see `scripts/evening.toml`."""

MARKET = frozenset({"split_agrees", "units_kept", "moments_told"})
"""Checks of merchants' goods: see `scripts/market.toml`."""


class Findings:
    """The looks and failures of each check, and the first failures in words."""

    def __init__(self) -> None:
        self.looked: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.least: Counter[str] = Counter()  # how often each had to look, by what happened
        self.sentences: dict[str, list[str]] = {name: [] for name in CHECKS}

    def see(self, check: str, holds: bool, who: str, sentence: str) -> bool:
        """Note one look of a check; `sentence` tells the fault if it does not hold."""
        self.looked[check] += 1
        if not holds:
            self.fail(check, who, sentence)
        return holds

    def fail(self, check: str, who: str, sentence: str) -> None:
        """Note a failure of a check."""
        self.failed[check] += 1
        if len(self.sentences[check]) < SHOWN_MAX:
            self.sentences[check].append(f"{who}: {sentence}")

    def expect(self, least: Mapping[str, int]) -> None:
        """Fail each check that looked fewer times than this: too few looks prove nothing."""
        for check, times in least.items():
            self.least[check] = max(self.least[check], times)
            if self.looked[check] < times:
                words = f"looked {self.looked[check]} times, {times} were due"
                self.fail(check, "the checks", words)

    def __repr__(self) -> str:
        return f"<Findings {[line for lines in self.sentences.values() for line in lines]}>"

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failed.total()
