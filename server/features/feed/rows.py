"""Rows: what a page of the feed shows of a live room or a note, and why."""

from typing import Literal

from msgspec import Struct

ReasonCode = Literal[
    "follow",
    "again",
    "bought",
    "near",
    "tag",
    "popular",
    "fresh",
    "new",
    "featured",
    "live",
    "maybe",
]


class RowReason(Struct, frozen=True, omit_defaults=True):
    """Why a row is there. By `code`, with the fields that its words need:

    `follow` you follow `name`; `again` you were at `name`'s before; `bought` you bought from
    `name`; `near` people who liked `title` liked this too; `tag` you like `tag`; `popular` many
    people like it now; `fresh` it was just published; `new` it is new here, or its host is;
    `featured` it was chosen by the operator; `live` it is live now; `maybe` the person may like it.
    """

    code: ReasonCode
    name: str = ""
    title: str = ""
    tag: str = ""


class Shot(Struct, frozen=True):
    """A picture with its size in pixels, so that its place is kept before it comes."""

    link: str
    w: int
    h: int


class RoomRow(Struct, frozen=True, tag_field="kind", tag="room", omit_defaults=True):
    """A room that is live. Times in Unix ms; `link` says that the feed brought the viewer."""

    id: str
    reason: RowReason
    link: str
    title: str
    host: str
    host_name: str
    started: int
    online: int
    cover: str = ""


class NoteRow(Struct, frozen=True, tag_field="kind", tag="note", omit_defaults=True):
    """A note: its first picture, and how many like it. `room`: the author's, if it is live now."""

    id: str
    reason: RowReason
    link: str
    title: str
    author: str
    author_name: str
    published: int
    likes: int
    tags: list[str] = []
    picture: Shot | None = None
    room: str = ""


Row = RoomRow | NoteRow


class FeedPage(Struct, frozen=True):
    """Rows, the best first. `page` names them when they are reported as seen; `next` is the
    `cursor` of the page after, null at the end."""

    rows: list[Row]
    page: str
    next: str | None = None
