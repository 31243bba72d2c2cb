"""Takes a person who is forgotten out of notes."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.notes.acts import forget_acts
from server.features.notes.notes import drop_notes
from server.features.notes.tables import NOTE_MARKS, NOTES
from server.features.notes.talk import forget_comments
from server.records.forgotten import FORGOTTEN


async def forget_notes(connection: AsyncConnection, user: str) -> None:
    """Delete a user's notes, comments, likes and collections. What they did with others' notes goes
    on counting for what goes together, under the pseudonym."""
    gone = await connection.scalar(select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user))
    own_notes = select(NOTES.c.note).where(NOTES.c.author == user).with_for_update()
    written = (await connection.scalars(own_notes)).all()
    await drop_notes(connection, written)
    await forget_comments(connection, user)
    for kind, count in (("like", NOTES.c.likes), ("collect", NOTES.c.collects)):
        own = (NOTE_MARKS.c.user == user) & (NOTE_MARKS.c.kind == kind)
        marked = select(NOTE_MARKS.c.note).where(own)
        fewer = update(NOTES).where(NOTES.c.note.in_(marked))
        await connection.execute(fewer.values({count.name: count - 1}))
        await connection.execute(delete(NOTE_MARKS).where(own))
    await forget_acts(connection, user, gone or "")
