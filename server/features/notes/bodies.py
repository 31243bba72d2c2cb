"""Defines what authors send of notes, and what is read of them. Pure data. Times in Unix ms."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from server.features.pictures.pictures import Picture
from server.protocol.fields import Id, RoomId, Sku
from server.protocol.input import Input

Status = Literal["draft", "public", "held", "removed"]
CommentStatus = Literal["public", "held", "removed"]
RemovedBy = Literal["", "author", "operator"]
Written = Annotated[str, Meta(max_length=20_000)]
NOTE_ID = r"^[A-Za-z0-9_-]{1,24}$(?!\n)"


class NoteGoodsInput(Input, frozen=True):
    """Goods that a note links: a sku as it is on the author's shelves, or `<merchant>:<sku>`."""

    host: Id
    sku: Sku


class NoteBody(Input, frozen=True):
    """A note as its author writes it; in a change, what is left out stays. `status` is `draft`
    until it is `public`: then everybody sees it, or the operator first if a word asks for it."""

    title: Written | UnsetType = UNSET
    text: Written | UnsetType = UNSET
    tags: list[Written] | UnsetType = UNSET
    pictures: list[Id] | UnsetType = UNSET
    goods: list[NoteGoodsInput] | UnsetType = UNSET
    rooms: list[RoomId] | UnsetType = UNSET
    status: Literal["draft", "public"] | UnsetType = UNSET


class Link(Struct, frozen=True):
    """Goods as the records keep them with a note."""

    host: str
    sku: str


class NoteGoods(Struct, frozen=True, omit_defaults=True):
    """Goods of a note as they are now. `price` is what one costs in `room`, where they can be
    bought, in minor units; absent: they are sold nowhere now."""

    host: str
    sku: str
    title: str
    price: int | None = None
    currency: str = ""
    image: str = ""
    room: str = ""
    phase: str = ""


class NoteRoom(Struct, frozen=True, omit_defaults=True):
    """A room to which a note leads. `linked` is false of one that the note does not name: the
    author is live there, or will be next."""

    room: str
    title: str
    phase: str
    host: str
    host_name: str
    starts_at: int = 0
    cover: str = ""
    reserved: int = 0
    online: int = 0
    linked: bool = True


class NoteView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A note as somebody sees it. `changed`: when its author changed it after it was published.

    `reason` (why the operator removed it) and `asks` (who asked for the link of its goods) are told
    to its author and the operator alone, `liked` and `collected` to who is signed in.
    """

    note: str
    author: str
    author_name: str
    status: Status
    title: str
    text: str
    tags: list[str]
    pictures: list[Picture]
    goods: list[NoteGoods]
    rooms: list[NoteRoom]
    likes: int
    collects: int
    comments: int
    created: int
    published: int
    link: str
    changed: int = 0
    liked: bool = False
    collected: bool = False
    asks: int = 0
    reason: str = ""


class NotesPage(Struct, frozen=True):
    """Notes, the newest first. `next` is the `cursor` of the following page; null at the end."""

    notes: list[NoteView]
    next: str | None = None


class Marked(Struct, frozen=True):
    """What somebody did with a note, and how many did."""

    liked: bool
    collected: bool
    likes: int
    collects: int


class CommentBody(Input, frozen=True):
    """A comment on a note."""

    text: Annotated[str, Meta(max_length=10_000)]


class NoteComment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A comment on a note. `status` is `held` while somebody must read it first, `removed` once it
    was taken away: its writer alone sees it. Then `removed_by` says who did it, and `reason` why,
    if it was the operator. `cards` answer its writer, if it asked for a link."""

    comment: str
    user: str
    name: str
    text: str
    at: int
    status: CommentStatus = "public"
    removed_by: RemovedBy = ""
    reason: str = ""
    cards: list[NoteGoods] = []


class NoteCommentsPage(Struct, frozen=True):
    """Comments, the newest first. `next` is the `cursor` of the following page."""

    comments: list[NoteComment]
    next: str | None = None


class NoteAsk(Struct, frozen=True):
    """Somebody asked for the link of a note's goods: of `sku`, or of all (`*`)."""

    comment: str
    note: str
    title: str
    user: str
    name: str
    text: str
    sku: str
    at: int


class NoteAsksPage(Struct, frozen=True):
    """Asks on an author's notes, the newest first. `next` is the `cursor` of the next page."""

    asks: list[NoteAsk]
    next: str | None = None


class OwnComment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the caller said on a note, and what became of it: see NoteComment. `title` is the
    note's."""

    comment: str
    note: str
    title: str
    text: str
    at: int
    status: CommentStatus
    removed_by: RemovedBy = ""
    reason: str = ""


class OwnCommentsPage(Struct, frozen=True):
    """What the caller said, the newest first. `next` is the `cursor` of the following page."""

    comments: list[OwnComment]
    next: str | None = None


class HeldComment(Struct, frozen=True):
    """A comment on a note that waits for the note's author or the operator. `title` is the
    note's."""

    comment: str
    note: str
    title: str
    user: str
    name: str
    text: str
    at: int


class HeldCommentsPage(Struct, frozen=True):
    """Comments that wait, the newest first. `next` is the `cursor` of the following page."""

    comments: list[HeldComment]
    next: str | None = None
