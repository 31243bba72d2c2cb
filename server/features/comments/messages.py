"""The messages about comments: commands, events, and the structs inside them."""

from typing import ClassVar, Literal

from msgspec import Struct

from server.protocol.fields import Id, Seconds, Text, User
from server.protocol.message import Command, Delivery, Event, Ok

Badge = Literal["bought", "fan", "member"]


class Quoted(Struct, frozen=True):
    """The comment that another one answers, and its author."""

    id: str
    user: str
    name: str


class CommentView(Struct, frozen=True, omit_defaults=True):
    """A comment as the room sees it. `role` is the author's: viewer, moderator, host or admin, or
    system, for what the shop's own system says.

    The server alone sets `badges`: the author has `bought` what is pinned (and kept it), is a `fan`
    (follows the host) or a `member` of the fan group; and `reply`: the comment that it answers.
    """

    id: str
    user: str
    name: str
    role: str
    text: str
    ts: int
    badges: tuple[Badge, ...] = ()
    reply: Quoted | None = None


class HeldComment(Struct, frozen=True, omit_defaults=True):
    """A comment that waits for a moderator; `why` says what held it."""

    id: str
    user: str
    name: str
    text: str
    ts: int
    why: str


class Muted(Struct, frozen=True, omit_defaults=True):
    """A muted user, and the end of the mute; `shadow`: the user was not told."""

    user: str
    until: int
    shadow: bool = False


class Comment(Command, tag="comment", frozen=True, kw_only=True):
    """Say something to the room; `reply_to` is the comment that it answers."""

    text: Text
    reply_to: Id | None = None


class CommentRemove(Command, tag="comment.remove", frozen=True, kw_only=True):
    """Take a comment back for everybody."""

    id: Id


class Mute(Command, tag="mute", frozen=True, kw_only=True):
    """Silence a user for `seconds` (0 lifts it) and take their recent comments back.

    With `shadow` the user is not told. They see their own new comments; other viewers do not.
    """

    user: User
    seconds: Seconds
    shadow: bool = False


class Slow(Command, tag="slow", frozen=True, kw_only=True):
    """At most one comment a user every `seconds`; 0 lifts it."""

    seconds: Seconds


class CommentKeep(Command, tag="comment.keep", frozen=True, kw_only=True):
    """Keep a comment for the replay."""

    id: Id


class CommentPin(Command, tag="comment.pin", frozen=True, kw_only=True):
    """Pin a comment above all others; the one that was pinned before is so no more."""

    id: Id


class CommentUnpin(Command, tag="comment.unpin", frozen=True, kw_only=True):
    """Unpin whatever comment is pinned."""


class ReviewPass(Command, tag="review.pass", frozen=True, kw_only=True):
    """Show a held comment to the room."""

    id: Id


class ReviewDrop(Command, tag="review.drop", frozen=True, kw_only=True):
    """Throw a held comment away."""

    id: Id


class CommentEvent(Event, tag="comment", frozen=True, kw_only=True, omit_defaults=True):
    """A new comment. `shadow`: its author is shadow-muted, so only host and moderators get it."""

    delivery: ClassVar[Delivery] = Delivery.SAMPLE
    counted: ClassVar[bool] = True

    id: str
    user: str
    name: str
    role: str
    text: str
    ts: int
    shadow: bool = False
    badges: tuple[Badge, ...] = ()
    reply: Quoted | None = None

    def view(self) -> CommentView:
        """The comment as a snapshot holds it."""
        return CommentView(
            *(self.id, self.user, self.name, self.role, self.text, self.ts),
            *(self.badges, self.reply),
        )

    def meant_for(self) -> tuple[str, ...]:
        """Its author, and the author of the comment that it answers."""
        return (self.user,) if self.reply is None else (self.user, self.reply.user)


class RemovedEvent(Event, tag="removed", frozen=True, kw_only=True, omit_defaults=True):
    """Take back one comment (`id`) or everything this `user` said."""

    retracts: ClassVar[bool] = True

    id: str | None = None
    user: str | None = None

    def takes_back(self, said: Event) -> bool:
        """Comments of this id, or of this user."""
        return isinstance(said, CommentEvent) and (said.id == self.id or said.user == self.user)


class CommentPinEvent(Event, tag="comment_pin", frozen=True, kw_only=True, omit_defaults=True):
    """This comment is pinned now; without one, none is. A smaller `ver` is older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    version: ClassVar[str] = "ver"

    ver: int
    comment: CommentView | None = None


class MutedEvent(Event, tag="muted", frozen=True, kw_only=True):
    """Told to the muted user alone: silent until `until` (Unix ms, 0 = lifted)."""

    until: int


class ReviewEvent(Event, tag="review", frozen=True, kw_only=True):
    """Told to host and moderators: the oldest comments that wait for them, and how many do."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    held: list[HeldComment]
    total: int


class CommentOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The id of the comment; `held`: it waits for a moderator."""

    id: str | None = None
    held: bool | None = None
