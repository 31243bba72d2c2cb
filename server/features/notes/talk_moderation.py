"""Moderates comments on notes: those that wait are shown or taken away, by the note's author or the
operator.

The author of a note judges what others say there, as a host does in a room. Nobody judges their own
words, and what the operator took away the author can't show again.
"""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.actions.moderation_log import note_action
from server.features.notes.acts import note_act
from server.features.notes.bodies import HeldComment, HeldCommentsPage, RemovedBy
from server.features.notes.notes import REASON_CHARS_MAX, row_of
from server.features.notes.tables import NOTE_COMMENTS, NOTES
from server.features.notes.talk import comment_row, count_comment, newest, part_of
from server.protocol.codes import CommandError
from server.records.database import Database
from server.rooms.plain_text import shown_text
from server.store.action_log import Action


class TalkModeration:
    """Shows comments and takes them away. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def delete(self, who: Identity, note: str, comment: str) -> None:
        """Delete a comment of one's own; what others said is taken away without a reason."""
        async with self._records.writing() as connection:
            row = await _locked(connection, note, comment)
            if who.user == row.user:
                which = NOTE_COMMENTS.c.comment == comment
                await connection.execute(delete(NOTE_COMMENTS).where(which))
                if row.status == "public":
                    await count_comment(connection, note, -1, row.asked)
                return
            _must_judge(who, row)
            if row.status == "removed":
                raise no_comment(comment)
            by: RemovedBy = "author" if who.user == row.author else "operator"
            await _take_away(connection, who.user, row, by, "")

    async def remove(self, by: str, note: str, comment: str, reason: str) -> None:
        """Take a comment away from everybody but its writer, who sees the reason; as the operator.
        Twice is the same as once, with the last reason."""
        clean = shown_text("reason", reason, REASON_CHARS_MAX)
        async with self._records.writing() as connection:
            row = await _locked(connection, note, comment)
            await _take_away(connection, by, row, "operator", clean)

    async def show(self, who: Identity, note: str, comment: str) -> None:
        """Show a comment that waits, or again. Twice is the same as once."""
        async with self._records.writing() as connection:
            row = await _locked(connection, note, comment)
            _must_judge(who, row)
            if row.removed_by == "operator" and not who.is_operator:
                raise CommandError(
                    "forbidden", f"The operator took this comment away ({row.reason}); it stays so."
                )
            if row.status == "public":
                return
            shown = {"status": "public", "removed_by": "", "reason": ""}
            which = NOTE_COMMENTS.c.comment == comment
            await connection.execute(update(NOTE_COMMENTS).where(which).values(**shown))
            await count_comment(connection, note, 1, row.asked)
            if row.status == "held":  # what was shown before is noted already
                await note_act(connection, row.user, note, "ask" if row.asked else "comment")
            await _log(connection, who.user, row, "show_note_comment", {"note": note})

    async def held(self, cursor: str, limit: int) -> HeldCommentsPage:
        """Comments on all notes that wait, the newest first."""
        return await self._held(NOTE_COMMENTS.c.status == "held", cursor, limit)

    async def held_for(self, author: str, cursor: str, limit: int) -> HeldCommentsPage:
        """Those that an author may judge: of others, on notes of theirs."""
        own = (NOTE_COMMENTS.c.author == author) & (NOTE_COMMENTS.c.user != author)
        return await self._held(own & (NOTE_COMMENTS.c.status == "held"), cursor, limit)

    async def _held(self, which: ColumnElement[bool], cursor: str, limit: int) -> HeldCommentsPage:
        asked = select(NOTE_COMMENTS, NOTES.c.title).where(which)
        asked = asked.join(NOTES, NOTES.c.note == NOTE_COMMENTS.c.note)
        async with self._records.reading() as connection:
            rows = (await connection.execute(newest(asked, cursor, limit))).all()
        shown, after = part_of(rows, limit)
        names = HeldComment.__struct_fields__
        held = [HeldComment(**{name: getattr(each, name) for name in names}) for each in shown]
        return HeldCommentsPage(held, after)


def no_comment(comment: str) -> CommandError:
    """The refusal of a comment that is not on this note."""
    return CommandError("not_found", f"There is no comment `{comment[:64]}` on this note.")


async def _locked(connection: AsyncConnection, note: str, comment: str) -> Any:
    await row_of(connection, note, to_write=True)  # so that two at once count once
    row = await comment_row(connection, comment)
    if row is None or row.note != note:
        raise no_comment(comment)
    return row


def _must_judge(who: Identity, row: Any) -> None:
    if who.is_operator:
        return
    if who.user != row.author:
        raise CommandError(
            "forbidden", "Only who wrote the note, or the operator, judges what others say on it."
        )
    if who.user == row.user:
        raise CommandError(
            "forbidden", "This comment is your own: the operator reads it. You can delete it."
        )


async def _take_away(
    connection: AsyncConnection, who: str, row: Any, by: RemovedBy, reason: str
) -> None:
    taken = {"status": "removed", "removed_by": by, "reason": reason}
    which = NOTE_COMMENTS.c.comment == row.comment
    await connection.execute(update(NOTE_COMMENTS).where(which).values(**taken))
    if row.status == "public":
        await count_comment(connection, row.note, -1, row.asked)
    details = {"note": row.note, "text": row.text, "reason": reason}
    await _log(connection, who, row, "remove_note_comment", details)


async def _log(
    connection: AsyncConnection, who: str, row: Any, what: str, details: dict[str, Any]
) -> None:
    action = Action(unix_ms(), who, what, "", row.user, row.comment, details)
    await note_action(connection, action)
