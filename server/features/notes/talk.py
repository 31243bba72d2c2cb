"""Comments on notes. One that asks for a link is answered with the card of the note's goods."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.access.rate import BucketsByName
from server.background.clock import unix_ms
from server.features.asks.asks import Asks
from server.features.notes.acts import note_act
from server.features.notes.bodies import (
    CommentStatus,
    NoteAsk,
    NoteAsksPage,
    NoteComment,
    NoteCommentsPage,
    NoteGoods,
    OwnComment,
    OwnCommentsPage,
)
from server.features.notes.linking import LINKS
from server.features.notes.note_book import may_see
from server.features.notes.notes import no_note, row_of
from server.features.notes.settings import NoteSettings
from server.features.notes.showing import NotesNow
from server.features.notes.tables import NOTE_COMMENTS, NOTES
from server.features.notes.wording import Wording
from server.protocol.codes import CommandError
from server.records.database import Database
from server.rooms.plain_text import shown_text
from server.store.bans import Bans
from server.store.request_key import new_id

USERS_REMEMBERED_MAX = 100_000
ALL = "*"
"""Asked for: all goods of the note."""


class Talk:
    """Takes comments on notes, and reads them. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        records: Database,
        settings: NoteSettings,
        wording: Wording,
        asks: Asks,
        now: NotesNow,
        bans: Bans,
    ) -> None:
        self._records = records
        self._settings = settings
        self._wording = wording
        self._asks = asks
        self._now = now
        self._bans = bans
        self._spoken = BucketsByName(
            settings.comments_per_user_per_s, settings.comments_burst, USERS_REMEMBERED_MAX
        )

    async def say(self, who: Identity, note: str, text: str) -> NoteComment:
        """Comment on a note; with the cards of its goods, if the text asks for them."""
        clean = shown_text("text", text, self._settings.comment_chars_max)
        self._must_be_let(who.user)
        async with self._records.reading() as connection:
            row = await self._public(connection, note)
        status: CommentStatus = "held" if await self._wording.judge(clean) else "public"
        goods = await self._now.goods(LINKS.decode(row.goods))
        asked = "" if who.user == row.author else self._asked(clean, goods)
        comment = new_id("c")
        said = {
            "comment": comment, "note": note, "author": row.author, "user": who.user,
            "name": who.name, "text": clean, "status": status, "asked": asked, "at": unix_ms(),
        }  # fmt: skip
        async with self._records.writing() as connection:
            known = await comment_row(connection, comment)
            if known is None:  # the same request again is the same comment
                await self._public(connection, note, to_write=True)
                await connection.execute(insert(NOTE_COMMENTS).values(**said))
                if status == "public":
                    await count_comment(connection, note, 1, asked)
                    await note_act(connection, who.user, note, "ask" if asked else "comment")
        return NoteComment(
            comment=comment, user=who.user, name=who.name, text=clean, at=said["at"],
            status=status, cards=_cards(asked, goods),
        )  # fmt: skip

    async def page(self, note: str, who: Identity, cursor: str, limit: int) -> NoteCommentsPage:
        """Comments on a note, the newest first: those that everybody sees, and the reader's own."""
        seen = or_(NOTE_COMMENTS.c.status == "public", NOTE_COMMENTS.c.user == who.user)
        asked = select(NOTE_COMMENTS).where(NOTE_COMMENTS.c.note == note, seen)
        async with self._records.reading() as connection:
            row = await row_of(connection, note)
            if row is None or not may_see(row, who):
                raise no_note(note)
            rows = (await connection.execute(newest(asked, cursor, limit))).all()
        shown, after = part_of(rows, limit)
        goods: Sequence[NoteGoods] = ()
        if any(each.asked and each.user == who.user for each in shown):
            goods = await self._now.goods(LINKS.decode(row.goods))
        return NoteCommentsPage(
            [
                NoteComment(
                    comment=each.comment, user=each.user, name=each.name, text=each.text,
                    at=each.at, status=each.status, removed_by=each.removed_by,
                    reason=each.reason,
                    cards=_cards(each.asked, goods) if each.user == who.user else [],
                )
                for each in shown
            ],
            after,
        )  # fmt: skip

    async def asks(self, author: str, cursor: str, limit: int) -> NoteAsksPage:
        """Return who asked for links on an author's notes, the newest first."""
        own = (NOTE_COMMENTS.c.author == author) & (NOTE_COMMENTS.c.asked != "")
        asked = select(NOTE_COMMENTS, NOTES.c.title).where(own, NOTE_COMMENTS.c.status == "public")
        asked = asked.join(NOTES, NOTES.c.note == NOTE_COMMENTS.c.note)
        async with self._records.reading() as connection:
            rows = (await connection.execute(newest(asked, cursor, limit))).all()
        shown, after = part_of(rows, limit)
        names = ("comment", "note", "title", "user", "name", "text", "at")
        return NoteAsksPage(
            [
                NoteAsk(**{name: getattr(each, name) for name in names}, sku=each.asked)
                for each in shown
            ],
            after,
        )

    async def own(self, user: str, status: str, cursor: str, limit: int) -> OwnCommentsPage:
        """Return what a user said on notes, the newest first. `status`: only this; empty: all."""
        asked = select(NOTE_COMMENTS, NOTES.c.title).where(NOTE_COMMENTS.c.user == user)
        if status:
            asked = asked.where(NOTE_COMMENTS.c.status == status)
        asked = asked.join(NOTES, NOTES.c.note == NOTE_COMMENTS.c.note)
        async with self._records.reading() as connection:
            rows = (await connection.execute(newest(asked, cursor, limit))).all()
        shown, after = part_of(rows, limit)
        names = OwnComment.__struct_fields__
        said = [OwnComment(**{name: getattr(each, name) for name in names}) for each in shown]
        return OwnCommentsPage(said, after)

    def _asked(self, text: str, goods: Sequence[NoteGoods]) -> str:
        """The sku whose link a text asks for, `*` for all goods of the note; empty: for none."""
        intent = self._asks.read(text)
        if not intent.link or not goods:
            return ""
        return self._asks.product_meant(tuple(goods), intent) or ALL

    async def _public(
        self, connection: AsyncConnection, note: str, *, to_write: bool = False
    ) -> Any:
        row = await row_of(connection, note, to_write=to_write)
        if row is None or row.status != "public":
            raise no_note(note)
        return row

    def _must_be_let(self, user: str) -> None:
        if (ban := self._bans.keeps_out(user, "")) is not None:
            raise CommandError("forbidden", ban.sentence)
        wait_s = self._spoken.wait_s(("comment", user), asyncio.get_running_loop().time())
        if wait_s > 0:
            raise CommandError(
                "rate_limited", "You comment faster than notes allow.", int(wait_s * 1000) + 1
            )


async def comment_row(connection: AsyncConnection, comment: str) -> Any:
    """The row of a comment, or None."""
    asked = select(NOTE_COMMENTS).where(NOTE_COMMENTS.c.comment == comment)
    return (await connection.execute(asked)).first()


async def count_comment(connection: AsyncConnection, note: str, step: int, asked: str) -> None:
    """Count a comment that everybody sees, or count it no more."""
    counted = {"comments": NOTES.c.comments + step}
    if asked:
        counted["asks"] = NOTES.c.asks + step
    await connection.execute(update(NOTES).where(NOTES.c.note == note).values(**counted))


async def forget_comments(connection: AsyncConnection, user: str) -> None:
    """Delete what a user said on others' notes; these count it no more."""
    own = NOTE_COMMENTS.c.user == user
    which = select(NOTE_COMMENTS.c.note).where(own).distinct()
    notes = (await connection.scalars(which)).all()
    locked = select(NOTES.c.note).where(NOTES.c.note.in_(notes)).order_by(NOTES.c.note)
    await connection.execute(locked.with_for_update())  # as whoever deletes a comment does first
    await connection.execute(delete(NOTE_COMMENTS).where(own))
    left = select(func.count()).select_from(NOTE_COMMENTS)
    public = (NOTE_COMMENTS.c.note == NOTES.c.note) & (NOTE_COMMENTS.c.status == "public")
    await connection.execute(
        update(NOTES)
        .where(NOTES.c.note.in_(notes))
        .values(
            comments=left.where(public).scalar_subquery(),
            asks=left.where(public, NOTE_COMMENTS.c.asked != "").scalar_subquery(),
        )
    )


def _cards(asked: str, goods: Sequence[NoteGoods]) -> list[NoteGoods]:
    return [each for each in goods if asked and asked in (ALL, each.sku)]


def newest(asked: Select[Any], cursor: str, limit: int) -> Select[Any]:
    """The same, the newest first after the place of a cursor, with one row more than asked."""
    place: tuple[ColumnElement[Any], ...] = (NOTE_COMMENTS.c.at, NOTE_COMMENTS.c.comment)
    if cursor:
        at, _, comment = cursor.partition("-")
        asked = asked.where(tuple_(*place) < (int(at), comment))
    return asked.order_by(*(column.desc() for column in place)).limit(limit + 1)


def part_of(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], str | None]:
    """The rows of a page, and the cursor of the next one; None at the end."""
    shown = rows[:limit]
    return shown, f"{shown[-1].at}-{shown[-1].comment}" if len(rows) > limit else None
