"""Events of the community: questions, coupons, polls, lucky draws, following, the desk."""

from typing import Literal

from server.protocol.community import Claim, Coupon, HeldComment, Lucky, Poll, Question
from server.protocol.message import Event


class QuestionEvent(Event, tag="question", frozen=True, kw_only=True, omit_defaults=True):
    """A question is being answered, was answered, went back to the queue, or was dropped."""

    question: Question


class CouponEvent(Event, tag="coupon", frozen=True, kw_only=True, omit_defaults=True):
    """A coupon was opened or closed: its whole state."""

    coupon: Coupon


class ClaimsEvent(Event, tag="claims", frozen=True, kw_only=True):
    """How many of a coupon were given out and are used. A smaller `ver` is older."""

    coupon: str
    claimed: int
    used: int
    ver: int


class ClaimEvent(Event, tag="claim", frozen=True, kw_only=True):
    """Told to its owner alone: a claim was made, used in an order, or given back."""

    claim: Claim


class PollEvent(Event, tag="poll", frozen=True, kw_only=True, omit_defaults=True):
    """A poll was opened or closed: its whole state."""

    poll: Poll


class VotesEvent(Event, tag="votes", frozen=True, kw_only=True):
    """The votes of a poll so far, by option. A smaller `ver` is older."""

    poll: str
    votes: list[int]
    ver: int


class LuckyEvent(Event, tag="lucky", frozen=True, kw_only=True, omit_defaults=True):
    """A lucky draw was opened or drawn: its whole state."""

    lucky: Lucky


class EntriesEvent(Event, tag="entries", frozen=True, kw_only=True):
    """How many entered a lucky draw so far. Never goes down."""

    lucky: str
    entries: int


class FollowersEvent(Event, tag="followers", frozen=True, kw_only=True):
    """How many follow the host."""

    total: int


class ReservedEvent(Event, tag="reserved", frozen=True, kw_only=True):
    """How many reserved a place."""

    total: int


class AnnounceEvent(Event, tag="announce", frozen=True, kw_only=True):
    """Told to who reserved or follows, in whatever room they are: this room goes live."""

    room: str
    title: str
    host: str
    host_name: str
    why: Literal["reserved", "follow"]


class RoleEvent(Event, tag="role", frozen=True, kw_only=True):
    """Told to one user alone: what the host of this room has just made of them."""

    role: Literal["moderator", "viewer"]


class AsksEvent(Event, tag="asks", frozen=True, kw_only=True):
    """Told to host and moderators: how many asked for the link, by sku; "" for no product."""

    counts: dict[str, int]


class QueueEvent(Event, tag="queue", frozen=True, kw_only=True):
    """Told to host and moderators: the open questions, the most asked first."""

    questions: list[Question]


class ReviewEvent(Event, tag="review", frozen=True, kw_only=True):
    """Told to host and moderators: the oldest comments that wait for them, and how many do."""

    held: list[HeldComment]
    total: int


CommunityEvents = (
    QuestionEvent
    | CouponEvent
    | ClaimsEvent
    | ClaimEvent
    | PollEvent
    | VotesEvent
    | LuckyEvent
    | EntriesEvent
    | FollowersEvent
    | ReservedEvent
    | AnnounceEvent
    | RoleEvent
    | AsksEvent
    | QueueEvent
    | ReviewEvent
)
