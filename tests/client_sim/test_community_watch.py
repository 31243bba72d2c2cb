"""Each check of what a community does passes on a good story, and is seen to fail on a bad one."""

# A story is told in one expression, as a tuple of steps that return nothing.
# mypy: disable-error-code="func-returns-value"

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.community_reckoning import CommunityReckoning
from client_sim.community_watch import CommunityRecord, CommunityWatch
from tests.client_sim.histories import BUYER, comment, joined, order, pin

SEED = "5eed"
COUPON = {
    "coupon": "cp1",
    "title": "减十元",
    "currency": "CNY",
    "quota": 2,
    "claimed": 1,
    "used": 1,
    "ver": 3,
    "amount": 1000,
}
CROWD = "Many are saying just that at this moment; say it in your own words, or wait."
FIGURES = {"gmv_net": {"CNY": 7900}, "coupon_cost": {"CNY": 1000}, "buyers": 1}


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


def ranked(*users: str) -> list[str]:
    return sorted(users, key=lambda user: sha1(f"{SEED} {user}"))


def drawn(**more: Any) -> Message:
    entrants = ("ann", "bo", "cy")
    return {
        "lucky": "l1",
        "title": "送杯子",
        "prizes": 1,
        "status": "drawn",
        "seed_hash": sha1(SEED),
        "seed": SEED,
        "entries": 3,
        "entrants_hash": sha1("\n".join(sorted(entrants))),
        "winners": [{"user": ranked(*entrants)[0], "name": "A"}],
    } | more


def refusal(msg: str, code: str = "rate_limited") -> Message:
    return {"t": "err", "code": code, "msg": msg}


def discounted(**more: Any) -> Message:
    """An order of 8900 with 1000 off."""
    return order(claim="cl1", coupon="cp1", off=1000, total=7900, status="paid", **more)


class Story:
    """Two viewers of one room, and the reckoning of what they did."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.record = CommunityRecord()
        self.ann = self.watch(BUYER)
        self.bo = self.watch("bo")
        self.reckoning = CommunityReckoning(self.record, self.findings)

    def watch(self, who: str) -> CommunityWatch:
        watch = CommunityWatch(who, self.findings, self.record)
        watch.joined(None, joined(room={"pin": "mug"}))
        return watch

    def reply(self, op: str, reply: Message | None = None, **fields: object) -> None:
        answer: Message = {"t": "ok", "ref": 2} | (reply or {})
        self.ann.answered({"op": op, "ref": 2} | fields, answer, 0.01)

    def poll(self, votes: list[int]) -> None:
        poll = {"poll": "p1", "options": ["a", "b"], "votes": votes, "status": "closed"}
        self.ann.event({"t": "poll", "seq": 6, "poll": poll})
        self.reckoning.compare_polls()

    def lucky(self, entrants: list[str], **more: object) -> None:
        self.reply("lucky.enter", lucky="l1")
        self.ann.event({"t": "lucky", "seq": 6, "lucky": drawn(**more)})
        for lucky in self.reckoning.drawn():
            self.reckoning.compare_lucky(lucky, entrants)

    def auction(self, price: int, *orders: Message) -> None:
        """Ann's maximum is 500, and somebody else's 300; the increment is 10."""
        self.reply("bid", {"standing": {}}, auction="a1", max=500)
        self.record.bids["a1"]["bo"] = 300
        sold = {"auction": "a1", "status": "sold", "opening": 100, "increment": 10, "price": price}
        self.ann.event({"t": "auction", "seq": 6, "auction": sold})
        self.reckoning.compare_auctions(list(orders))

    def coupons(self, *orders: Message, **coupon: object) -> None:
        self.reply("coupon.claim", {"claim": {"claim": "cl1"}}, coupon="cp1")
        self.reckoning.compare_coupons(list(orders), [COUPON | coupon])

    def held(self, *, passed: bool = False, seen: bool = False) -> None:
        self.reply("comment", {"id": "c1", "held": True}, text="私聊")
        if passed:
            self.reply("review.pass", id="c1")
        if seen:
            self.bo.event(comment("c1", user=BUYER))
        self.reckoning.compare_comments()

    def call(self, times: int) -> None:
        self.reply("follow", on=True)
        for _ in range(times):
            self.ann.event({"t": "announce", "room": "r"})
        self.record.waited.add(BUYER)
        self.reckoning.compare_announcements("r")


def failed(tell: Callable[[Story], object]) -> set[str]:
    story = Story()
    tell(story)
    return set(story.findings.failed)


def won(**changes: object) -> Message:
    """The order of whoever won the auction of a story."""
    order = {"order": "o1", "auction": "a1", "user": "ann", "total": 310, "status": "held"}
    return order | {"created": 1} | changes


GOOD: dict[str, Callable[[Story], object]] = {
    "links_given": lambda it: it.reply(
        "comment", {"id": "c1", "card": {"product": {"sku": "mug"}}}, text="求链接"
    ),
    "held_unseen": lambda it: it.held(),
    "claims_kept": lambda it: it.coupons(discounted()),
    "coupon_prices": lambda it: it.coupons(discounted()),
    "votes_counted": lambda it: (it.reply("vote", poll="p1", option=1), it.poll([0, 1])),
    "draws_check_out": lambda it: it.lucky(["ann", "bo", "cy"]),
    "auctions_check_out": lambda it: it.auction(310, won()),
    "announced_once": lambda it: it.call(1),
    "figures_agree": lambda it: it.reckoning.compare_figures(FIGURES, [discounted()]),
}


@pytest.mark.parametrize("check", GOOD)
def test_a_good_story_passes_and_was_looked_at(check: str) -> None:
    story = Story()
    GOOD[check](story)
    assert story.findings.passed, story.findings
    assert story.findings.looked[check] > 0


@pytest.mark.parametrize(
    ("tell", "check"),
    [
        (lambda it: it.reply("comment", {"id": "c1"}, text="求链接"), "links_given"),
        (
            lambda it: it.reply(
                "comment", {"id": "c1", "card": {"product": {"sku": "tea"}}}, text="求链接"
            ),
            "links_given",
        ),
        (lambda it: it.reply("comment", refusal(CROWD), text="求链接"), "links_given"),
        (
            lambda it: it.reply("comment", refusal("", "limit_reached"), text="求链接"),
            "links_given",
        ),
        (lambda it: it.held(seen=True), "held_unseen"),
        (lambda it: it.coupons(claimed=3), "claims_kept"),
        (lambda it: it.coupons(claimed=0), "claims_kept"),
        (lambda it: it.coupons(discounted(), discounted(name="o2")), "claims_kept"),
        (lambda it: it.coupons(discounted() | {"total": 8900}), "coupon_prices"),
        (lambda it: it.coupons(discounted() | {"off": 900}), "coupon_prices"),
        (lambda it: it.poll([0, 1]), "votes_counted"),
        (lambda it: (it.reply("vote", poll="p1", option=0), it.poll([0, 1])), "votes_counted"),
        (lambda it: it.lucky(["bo", "cy"]), "draws_check_out"),
        (lambda it: it.lucky(["ann", "bo", "cy"], seed="other"), "draws_check_out"),
        (
            lambda it: it.lucky(
                ["ann", "bo", "cy"],
                winners=[{"user": ranked("ann", "bo", "cy")[1], "name": "B"}],
            ),
            "draws_check_out",
        ),
        (lambda it: it.auction(320, won(total=320)), "auctions_check_out"),
        (lambda it: it.auction(310, won(user="bo")), "auctions_check_out"),
        (lambda it: it.auction(310), "auctions_check_out"),
        (lambda it: it.auction(310, won(), won(order="o2", created=2)), "auctions_check_out"),
        (lambda it: it.call(0), "announced_once"),
        (lambda it: it.call(2), "announced_once"),
        (
            lambda it: it.reckoning.compare_figures(FIGURES | {"buyers": 2}, [discounted()]),
            "figures_agree",
        ),
        (
            lambda it: it.reckoning.compare_figures(
                FIGURES | {"gmv_net": {"CNY": 8900}}, [discounted()]
            ),
            "figures_agree",
        ),
    ],
)
def test_a_bad_story_fails_its_check(tell: Callable[[Story], object], check: str) -> None:
    assert failed(tell) == {check}


def test_a_comment_that_a_moderator_let_pass_may_be_seen() -> None:
    assert failed(lambda it: it.held(passed=True, seen=True)) == set()


@pytest.mark.parametrize(
    "refused",
    [
        refusal("A moderator muted you here.", "muted"),
        refusal("Comments are open only while the room is live.", "not_live"),
        refusal("You have just said that; say something else, or wait."),
        refusal("The room is in slow mode: one comment every 5 s."),
    ],
)
def test_a_user_who_may_not_speak_is_owed_no_link(refused: Message) -> None:
    assert failed(lambda it: it.reply("comment", refused, text="求链接")) == set()


def test_a_refusal_of_what_asks_for_nothing_is_fine() -> None:
    assert failed(lambda it: it.reply("comment", refusal(CROWD), text="first time here")) == set()


def test_a_user_who_asks_while_the_pin_changes_may_be_given_either() -> None:
    def tell(story: Story) -> None:
        story.ann.event(pin(6, "tea"))
        for sku in ("mug", "tea"):
            card = {"product": {"sku": sku}}
            story.reply("comment", {"id": f"c-{sku}", "card": card}, text="link please")

    assert failed(tell) == set()
