"""Commands of the community: questions, coupons, polls, lucky draws, following, moderation."""

from typing import Annotated

from msgspec import Meta, field

from server.protocol.community import Review, WordAction
from server.protocol.fields import (
    Currency,
    Id,
    Money,
    Name,
    Qty,
    Seconds,
    Sku,
    Text,
    User,
    Who,
    Words,
)
from server.protocol.message import Command


class Ask(Command, tag="ask", frozen=True, kw_only=True):
    """Ask about one product: for its link, or with `text` a question."""

    sku: Sku
    text: Text = ""


class QuestionTake(Command, tag="question.take", frozen=True, kw_only=True):
    """Show the room that this question is being answered."""

    question: Id


class QuestionAnswer(Command, tag="question.answer", frozen=True, kw_only=True):
    """Answer a question; the answer stays with the product."""

    question: Id
    text: Text


class QuestionDrop(Command, tag="question.drop", frozen=True, kw_only=True):
    """Take a question out of the queue, or an answer off its product."""

    question: Id


class CouponOpen(Command, tag="coupon.open", frozen=True, kw_only=True):
    """Give out at most `quota` coupons of `amount` (minor units) or `percent` off."""

    title: Name
    quota: Qty
    currency: Currency
    amount: Money = 0
    percent: Annotated[int, Meta(ge=0, le=99)] = 0
    floor: Money = 0
    per_user: Annotated[int, Meta(ge=1, le=100)] = 1
    audience: Who = "all"
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0
    skus: Annotated[list[Sku], Meta(max_length=100)] = field(default_factory=list)


class CouponClose(Command, tag="coupon.close", frozen=True, kw_only=True):
    """Give out no more; those given out can still be used until the coupon's `ends`."""

    coupon: Id


class CouponClaim(Command, tag="coupon.claim", frozen=True, kw_only=True):
    """Take one coupon. The same `key` gives the same claim, for ever."""

    coupon: Id
    key: Annotated[str, Meta(min_length=1, max_length=64)]


class PollOpen(Command, tag="poll.open", frozen=True, kw_only=True):
    """Let the room choose among 2 to 4 options; `lasts_s` 0 means until closed."""

    question: Name
    options: Annotated[list[Name], Meta(min_length=2, max_length=4)]
    lasts_s: Seconds = 0


class PollClose(Command, tag="poll.close", frozen=True, kw_only=True):
    """Take no more votes."""

    poll: Id


class Vote(Command, tag="vote", frozen=True, kw_only=True):
    """Choose an option, counted from 0; once a user and poll."""

    poll: Id
    option: Annotated[int, Meta(ge=0, le=3)]


class LuckyOpen(Command, tag="lucky.open", frozen=True, kw_only=True):
    """Open a lucky draw of `prizes` prizes; drawn after `lasts_s`, 0 means by the host."""

    title: Name
    prizes: Annotated[int, Meta(ge=1, le=100)]
    audience: Who = "all"
    lasts_s: Seconds = 0


class LuckyEnter(Command, tag="lucky.enter", frozen=True, kw_only=True):
    """Enter a lucky draw, once a user."""

    lucky: Id


class LuckyDraw(Command, tag="lucky.draw", frozen=True, kw_only=True):
    """Draw the winners now."""

    lucky: Id


class Follow(Command, tag="follow", frozen=True, kw_only=True):
    """Follow the room's host, or no longer."""

    on: bool = True


class Reserve(Command, tag="reserve", frozen=True, kw_only=True):
    """Ask to be told when this scheduled room goes live, or no longer."""

    on: bool = True


class GroupJoin(Command, tag="group.join", frozen=True, kw_only=True):
    """Become a member of the host's fan group."""


class GroupLeave(Command, tag="group.leave", frozen=True, kw_only=True):
    """Leave the host's fan group."""


class Selling(Command, tag="selling", frozen=True, kw_only=True):
    """Say whether what is on sale can be bought after the stream has ended."""

    on: bool


class CommentKeep(Command, tag="comment.keep", frozen=True, kw_only=True):
    """Keep a comment for the replay."""

    id: Id


class WordsPut(Command, tag="words.put", frozen=True, kw_only=True):
    """Refuse comments with these words, or hold them for review."""

    words: Words
    action: WordAction


class WordsRemove(Command, tag="words.remove", frozen=True, kw_only=True):
    """Let these words pass again."""

    words: Words


class Rules(Command, tag="rules", frozen=True, kw_only=True):
    """Change who may comment and what waits for review; what is absent stays as it is."""

    followers_only: bool | None = None
    review: Review | None = None


class ReviewPass(Command, tag="review.pass", frozen=True, kw_only=True):
    """Show a held comment to the room."""

    id: Id


class ReviewDrop(Command, tag="review.drop", frozen=True, kw_only=True):
    """Throw a held comment away."""

    id: Id


class ModeratorAdd(Command, tag="moderator.add", frozen=True, kw_only=True):
    """Make a user a moderator of this room."""

    user: User


class ModeratorRemove(Command, tag="moderator.remove", frozen=True, kw_only=True):
    """Make a moderator of this room a viewer again."""

    user: User


class DeskOpen(Command, tag="desk", frozen=True, kw_only=True):
    """Read what only the host and moderators see."""


CommunityCommand = (
    Ask
    | QuestionTake
    | QuestionAnswer
    | QuestionDrop
    | CouponOpen
    | CouponClose
    | CouponClaim
    | PollOpen
    | PollClose
    | Vote
    | LuckyOpen
    | LuckyEnter
    | LuckyDraw
    | Follow
    | Reserve
    | GroupJoin
    | GroupLeave
    | Selling
    | CommentKeep
    | WordsPut
    | WordsRemove
    | Rules
    | ReviewPass
    | ReviewDrop
    | ModeratorAdd
    | ModeratorRemove
    | DeskOpen
)
