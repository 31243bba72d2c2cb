"""The nouns of the community: questions, coupons, polls, lucky draws, and what moderators see."""

from typing import Literal

from msgspec import Struct

from server.protocol.fields import Who

QuestionStatus = Literal["open", "answering", "answered", "dropped"]
Review = Literal["off", "new", "all"]
WordAction = Literal["block", "hold"]


class Question(Struct, frozen=True, omit_defaults=True):
    """What viewers want to know of a product. The same question of many is one, `asked` by so many.

    `sku` is empty when it is about no product. `topic` is one of the rules file's, `other` for the
    rest. `user` and `name` are who asked first; both are empty for others but the staff if that
    was by the button and never said aloud.
    """

    question: str
    sku: str
    topic: str
    text: str
    user: str
    name: str
    asked: int
    status: QuestionStatus
    at: int
    answer: str = ""


class Coupon(Struct, frozen=True, omit_defaults=True):
    """Money off an order: `amount` in minor units or `percent` of the lines it is for.

    It is for orders of at least `floor` in `currency`, and of `skus` alone if there are any. At
    most `quota` are given out, `per_user` to one user, to those of `audience`, from `starts` to
    `ends` (0: until closed); they can be used until `ends`. `claimed` counts those given out,
    `used` those in an order that is held, paid or was taken back. `ver` rises with every change.
    """

    coupon: str
    title: str
    currency: str
    quota: int
    per_user: int
    audience: Who
    status: Literal["open", "closed"]
    starts: int
    ends: int
    claimed: int
    used: int
    ver: int
    amount: int = 0
    percent: int = 0
    floor: int = 0
    skus: list[str] = []


class Claim(Struct, frozen=True, omit_defaults=True):
    """One coupon given to one user. `order` is the one it is used in, unless that gave it back."""

    claim: str
    coupon: str
    user: str
    at: int
    order: str = ""


class Poll(Struct, frozen=True, omit_defaults=True):
    """The room's choice among 2 to 4 options. `votes` counts them in the same order.

    `ends` is 0 for a poll without an end. A smaller `ver` is older.
    """

    poll: str
    question: str
    options: list[str]
    votes: list[int]
    status: Literal["open", "closed"]
    starts: int
    ends: int
    ver: int


class Winner(Struct, frozen=True):
    """Who won in a lucky draw."""

    user: str
    name: str


class Lucky(Struct, frozen=True, omit_defaults=True):
    """A lucky draw: `prizes` winners among who entered.

    `seed_hash` is the SHA-1 of the seed, told when the draw opens. When it is drawn `seed` is told,
    and the winners are the entrants whose SHA-1(seed + " " + user) is lowest. `entrants_hash` is
    the SHA-1 of all entrants' ids, sorted by their bytes and joined by newlines. `ends` 0: the host
    draws.
    """

    lucky: str
    title: str
    prizes: int
    audience: Who
    status: Literal["open", "drawn"]
    starts: int
    ends: int
    seed_hash: str
    entries: int = 0
    seed: str = ""
    entrants_hash: str = ""
    winners: list[Winner] = []


class Mine(Struct, frozen=True, omit_defaults=True):
    """What a joining viewer has done here before: their part of the reply to `join`.

    `vote` is the option they chose in the room's newest poll, `lucky` whether they entered the
    newest lucky draw.
    """

    following: bool = False
    reserved: bool = False
    member: bool = False
    claims: list[Claim] = []
    vote: int | None = None
    lucky: bool = False


class HeldComment(Struct, frozen=True, omit_defaults=True):
    """A comment that waits for a moderator; `why` says what held it."""

    id: str
    user: str
    name: str
    text: str
    ts: int
    why: str


class Muted(Struct, frozen=True, omit_defaults=True):
    """Who is muted until when; `shadow`: without being told."""

    user: str
    until: int
    shadow: bool = False


class Desk(Struct, frozen=True, omit_defaults=True):
    """What only the host and moderators see of a room.

    `asks` counts by sku who asked for the link ("" for no product), `queue` are the open questions,
    the most asked first. `review` holds comments, all of them or those of newcomers.
    """

    asks: dict[str, int] = {}
    queue: list[Question] = []
    held: list[HeldComment] = []
    blocked_words: list[str] = []
    held_words: list[str] = []
    followers_only: bool = False
    review: Review = "off"
    moderators: list[str] = []
    muted: list[Muted] = []
