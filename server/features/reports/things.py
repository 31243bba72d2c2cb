"""Finds what is reported, as it stands now: its words, and who answers for it."""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import msgpack
from sqlalchemy import select

from server.features.comments.messages import CommentView
from server.features.notes.tables import NOTE_COMMENTS, NOTES
from server.features.reports.messages import About
from server.features.reports.snapshot import SaidPart
from server.features.reviews.tables import REVIEWS
from server.features.shelf.messages import Product
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.records.database import Database
from server.rooms.call import Call
from server.rooms.directory import Directory
from server.rooms.room import Room
from server.store.reading import asked
from server.store.room_store import RoomStore

LATEST_MAX = 5
"""Comments of a reported user that are kept with the report."""


class Thing(NamedTuple):
    """What is reported. `user` answers for it; `of_desk`: the room's staff may settle it."""

    about: About
    room: str
    ref: str
    host: str
    user: str
    name: str = ""
    text: str = ""
    said: int = 0
    of_desk: bool = False
    of_note: str = ""

    @property
    def thing(self) -> str:
        """The id of this thing."""
        name = "\n".join((self.about, self.room, self.ref))
        return f"t{hashlib.blake2s(name.encode(), digest_size=10).hexdigest()}"


_COMMENT = msgpack.Decoder(CommentView)
_PRODUCT = msgpack.Decoder(Product)


class Things:
    """Finds things. `open_room` returns a room that is open on this worker.

    Methods raise CommandError, RecordsAway.
    """

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        directory: Directory,
        open_room: Callable[[str], Room | None],
    ) -> None:
        self._store = store
        self._records = records
        self._directory = directory
        self._open_room = open_room

    async def find(self, call: Call, about: About, id_: str) -> Thing:
        """Return what a report in a room is about. Nobody reports themselves."""
        if (about == "room") == bool(id_):
            raise CommandError(
                "bad_message", "Say the `id` of what you report; the room itself has none."
            )
        finders = {
            "comment": self._comment, "user": self._user, "product": self._product,
            "review": self._review, "room": self._room, "note": self._note,
            "note_comment": self._note_comment,
        }  # fmt: skip
        return _of_another(await finders[about](call.room_id, id_), call.who.user)

    async def note(self, note: str, by: str) -> Thing:
        """Return what a report of a note is about. It is in no room. Nobody reports their own."""
        return _of_another(await self._note("", note), by)

    async def note_comment(self, note: str, comment: str, by: str) -> Thing:
        """Return what a report of a comment on a note is about, likewise."""
        thing = _of_another(await self._note_comment("", comment), by)
        if thing.of_note != note:
            raise _no_note_comment(comment)
        return thing

    async def _comment(self, room: str, id_: str) -> Thing:
        said = await self._said_as(room, id_)
        if said is None:
            raise CommandError(
                "not_found", "This comment was said too long ago to be found; report its author."
            )
        thing = await self._thing(room, "comment", id_, said.user, said.name)
        is_viewer = thing.of_desk and said.role == Role.VIEWER
        return thing._replace(text=said.text, said=said.ts, of_desk=is_viewer)

    async def _user(self, room: str, id_: str) -> Thing:
        thing = await self._thing(room, "user", id_, id_)
        latest = await self._latest_of(room, id_)
        if not latest and id_ != thing.host and not await self._has_spoken(room, id_):
            raise CommandError("not_found", f"Nobody `{id_}` has said anything in this room.")
        # A moderator by token is one in what they said: the store knows only those of the room.
        is_viewer = not latest or latest[0].role == Role.VIEWER
        name = latest[0].name if latest else thing.name
        texts = "\n".join(each.text for each in reversed(latest))
        said = latest[0].ts if latest else 0
        of_desk = thing.of_desk and is_viewer
        return thing._replace(name=name, text=texts, said=said, of_desk=of_desk)

    async def _product(self, room: str, sku: str) -> Thing:
        packed = await asked(self._store.redis.hget(self._key(room, "shelf"), sku))
        if packed is None:
            raise CommandError("not_found", f"There is no product `{sku}` on the shelf.")
        product = _PRODUCT.decode(packed)
        thing = await self._of_host(room, "product", sku)
        words = (product.title, *product.points, *product.flaws)
        return thing._replace(text="\n".join(words))

    async def _review(self, room: str, id_: str) -> Thing:
        await self._directory.host_of(room)
        seen = select(REVIEWS).where(REVIEWS.c.review == id_, REVIEWS.c.hidden == "")
        async with self._records.reading() as connection:
            row = (await connection.execute(seen)).first()
        if row is None:
            raise CommandError("not_found", f"There is no review `{id_}`.")
        return Thing("review", row.room, id_, row.host, row.user, row.name, row.text, row.at)

    async def _note(self, _: str, id_: str) -> Thing:
        seen = select(NOTES).where(NOTES.c.note == id_, NOTES.c.status == "public")
        async with self._records.reading() as connection:
            row = (await connection.execute(seen)).first()
        if row is None:
            raise CommandError("not_found", f"There is no note `{id_[:64]}`.")
        words = "\n".join((row.title, row.text))
        name = row.author_name or row.author
        return Thing("note", "", id_, row.author, row.author, name, words, row.published)

    async def _note_comment(self, _: str, id_: str) -> Thing:
        """The note's author has it at their desk, unless they said it themselves."""
        said = select(NOTE_COMMENTS).join(NOTES, NOTES.c.note == NOTE_COMMENTS.c.note)
        said = said.where(NOTE_COMMENTS.c.comment == id_, NOTES.c.status == "public")
        async with self._records.reading() as connection:
            seen = said.where(NOTE_COMMENTS.c.status == "public")
            row = (await connection.execute(seen)).first()
        if row is None:
            raise _no_note_comment(id_)
        return Thing(
            "note_comment", "", id_, row.author, row.user, row.name or row.user, row.text, row.at,
            of_desk=row.user != row.author, of_note=row.note,
        )  # fmt: skip

    async def _room(self, room: str, _: str) -> Thing:
        thing = await self._of_host(room, "room", room)
        title = await asked(self._store.redis.hget(self._key(room, "room"), "title"))
        return thing._replace(text=(title or b"").decode())

    async def _of_host(self, room: str, about: About, ref: str) -> Thing:
        host = await self._directory.host_in(room)
        return Thing(about, room, ref, host.user, host.user, host.name)

    async def _thing(self, room: str, about: About, ref: str, user: str, name: str = "") -> Thing:
        """Return a user as a thing; the desk has it if they are no host or moderator there."""
        host = await self._directory.host_in(room)
        is_staff = user == host.user or await self._directory.is_moderator(room, user)
        named = name or (host.name if user == host.user else user)
        return Thing(about, room, ref, host.user, user, named, of_desk=not is_staff)

    async def _said_as(self, room: str, id_: str) -> CommentView | None:
        """The comment of this id, as far as this worker or Redis knows it."""
        here = self._open_room(room)
        heard = None if here is None else here.state.part(SaidPart).by_id(id_)
        if heard is not None:
            return heard
        return next((view for view in await self._stored(room) if view.id == id_), None)

    async def _latest_of(self, room: str, user: str) -> list[CommentView]:
        """The latest comments of a user, the newest first, likewise."""
        here = self._open_room(room)
        heard = [] if here is None else here.state.part(SaidPart).of_user(user, LATEST_MAX)
        found = {view.id: view for view in heard}
        for view in await self._stored(room):
            if view.user == user:
                found.setdefault(view.id, view)
        return sorted(found.values(), key=lambda view: -view.ts)[:LATEST_MAX]

    async def _stored(self, room: str) -> Iterator[CommentView]:
        packed = await asked(self._store.redis.lrange(self._key(room, "recent"), 0, -1))
        return map(_COMMENT.decode, packed)

    async def _has_spoken(self, room: str, user: str) -> bool:
        spoken = await asked(self._store.redis.zscore(self._key(room, "spoken"), user))
        return spoken is not None or await self._directory.is_moderator(room, user)

    def _key(self, room: str, name: str) -> str:
        return self._store.keys.room(room, name)


def _no_note_comment(comment: str) -> CommandError:
    return CommandError("not_found", f"There is no comment `{comment[:64]}` on this note.")


def _of_another(thing: Thing, by: str) -> Thing:
    if thing.user == by:
        raise CommandError("conflict", "You can't report yourself, nor what is yours.")
    return thing
