"""The messages about reports: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Id, Seconds
from server.protocol.message import Command, Delivery, Event, Ok

About = Literal["comment", "user", "product", "review", "room", "note", "note_comment"]
ReportKind = Literal[
    "spam", "abuse", "hate", "sexual", "violence", "fraud", "counterfeit", "illegal", "minor",
    "other",
]  # fmt: skip
DeskOutcome = Literal["dismissed", "removed", "muted"]
Reported = Annotated[str, Meta(max_length=64)]
ReportText = Annotated[str, Meta(max_length=1000)]


class DeskReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reported comment or user, as host and moderators see it: never who reported it.

    `id` is the comment's or user's; `text` the comment, or the user's latest ones, a line each.
    `count` reports came since `opened`, by `kinds`; `words` are the newest texts of those.
    `of_note`: the note on which a `note_comment` stands, whose author reads this outside rooms.
    """

    thing: str
    about: About
    id: str
    user: str
    name: str
    text: str
    count: int
    kinds: dict[str, int]
    words: list[str]
    opened: int
    last: int
    of_note: str = ""


class Report(Command, tag="report", frozen=True, kw_only=True):
    """Report something by its `id`, such as a comment, a user, a product or a review, or the room
    itself (no `id`)."""

    about: About
    kind: ReportKind
    id: Reported = ""
    text: ReportText = ""


class ReportsRead(Command, tag="reports", frozen=True, kw_only=True):
    """Read what is reported in this room and waits for its host or moderators."""

    reads: ClassVar[bool] = True


class ReportSettle(Command, tag="report.settle", frozen=True, kw_only=True):
    """Settle a reported comment or user: take the comment back, or mute the user for `seconds`.

    What is `dismissed` waits here no longer; the operator still decides.
    """

    thing: Id
    outcome: DeskOutcome
    seconds: Seconds = 3600


class ReportsEvent(Event, tag="reports", frozen=True, kw_only=True):
    """Told to host and moderators: how many reported things wait for them, in all. It is the same
    for each of them, while the reply to `reports` leaves out what is about its reader."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    total: int


class ReportsOk(Ok, tag="ok", frozen=True, kw_only=True):
    """What waits, the most reported first (50 at most), and how many there are."""

    reports: list[DeskReport]
    total: int
