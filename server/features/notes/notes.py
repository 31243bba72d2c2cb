"""Notes: written, changed, published and deleted by their authors, removed by the operator."""

import asyncio
from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, json, to_builtins
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.access.rate import BucketsByName
from server.background.clock import unix_ms
from server.features.actions.moderation_log import note_action
from server.features.notes.bodies import Link, NoteBody
from server.features.notes.linking import LINKS, Linking
from server.features.notes.settings import NoteSettings
from server.features.notes.tables import NOTE_COMMENTS, NOTE_MARKS, NOTE_TAGS, NOTES, TEXTS
from server.features.notes.wording import Wording
from server.features.pictures.pictures import use_pictures
from server.features.search.documents import NOTES_LIFE, Document, put_documents
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.upsert import insert_into
from server.rooms.plain_text import shown_text
from server.store.action_log import Action
from server.store.bans import Bans
from server.store.request_key import new_id
from server.text.folding import tag_key

AUTHORS_REMEMBERED_MAX = 100_000
REASON_CHARS_MAX = 500
CHANGES_AT_ONCE_MAX = 3
"""How often a change is judged anew because another one of the same note was faster."""


class Notes:
    """Writes notes. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        records: Database,
        settings: NoteSettings,
        wording: Wording,
        linking: Linking,
        bans: Bans,
    ) -> None:
        self._records = records
        self._settings = settings
        self._wording = wording
        self._linking = linking
        self._bans = bans
        self._writes = BucketsByName(
            settings.writes_per_user_per_s, settings.writes_burst, AUTHORS_REMEMBERED_MAX
        )

    async def make(self, who: Identity, body: NoteBody, *, is_let: bool = False) -> str:
        """Write a new note; return its id. The same request again is the same note. `is_let`:
        `must_be_let` was asked already."""
        note, now = new_id("n"), unix_ms()
        new = {
            "note": note, "author": who.user, "author_name": who.name, "status": "draft",
            "title": "", "text": "", "tags": "[]", "goods": "[]", "rooms": "[]", "pictures": "[]",
            "created": now, "published": 0, "changed": now, "likes": 0, "collects": 0,
            "comments": 0,
        }  # fmt: skip
        if not is_let:
            self.must_be_let(who.user)
        values = await self._checked(who, body, new)
        async with self._records.writing() as connection:
            await self._must_have_place(connection, who.user)
            made = insert_into(connection, NOTES).values(**new).on_conflict_do_nothing()
            await connection.execute(made)
            row = await row_of(connection, note, to_write=True)
            await self._put(connection, row, values, now)
        return note

    async def change(self, who: Identity, note: str, body: NoteBody) -> None:
        """Change a note of one's own, publish it, or take it back among the drafts."""
        self.must_be_let(who.user)
        for _ in range(CHANGES_AT_ONCE_MAX):
            async with self._records.reading() as connection:
                known = _own(await row_of(connection, note), note, who)
            _must_not_be_removed(known)
            values = await self._checked(who, body, _columns(known))
            async with self._records.writing() as connection:
                row = _own(await row_of(connection, note, to_write=True), note, who)
                _must_not_be_removed(row)
                # Words that came meanwhile were judged with others, or as a draft's not at all.
                if row.changed == known.changed:
                    await self._put(connection, row, values, unix_ms())
                    return
        raise CommandError("conflict", "This note is being changed elsewhere; send it again.")

    async def delete(self, who: Identity, note: str) -> None:
        """Delete a note of one's own with all that hangs on it."""
        async with self._records.writing() as connection:
            _own(await row_of(connection, note, to_write=True), note, who)
            await drop_notes(connection, [note])

    async def remove(self, note: str, reason: str, by: str) -> None:
        """Take a note away from everybody but its author, who sees the reason; as the operator."""
        clean = shown_text("reason", reason, REASON_CHARS_MAX)
        await self._moderate(note, "remove_note", {"status": "removed", "reason": clean}, by)

    async def show(self, note: str, by: str) -> None:
        """Show a note that waits or was removed; as the operator."""
        await self._moderate(note, "show_note", {"status": "public", "reason": ""}, by)

    async def _moderate(self, note: str, what: str, values: dict[str, Any], by: str) -> None:
        async with self._records.writing() as connection:
            row = await row_of(connection, note, to_write=True)
            if row is None:
                raise no_note(note)
            if row.status == "draft":
                raise CommandError("conflict", "This note is a draft: only its author sees it.")
            details = {"reason": values["reason"] or row.reason}
            await self._store(connection, row, values, unix_ms())
            action = Action(unix_ms(), by, what, "", row.author, note, details)
            await note_action(connection, action)

    async def _checked(self, who: Identity, body: NoteBody, known: Any) -> dict[str, Any]:
        """The columns that a body changes, cleaned, judged, and allowed to this author."""
        values: dict[str, Any] = {}
        if body.title is not UNSET:
            values["title"] = self._wording.title(body.title)
        if body.text is not UNSET:
            values["text"] = self._wording.text(body.text)
        if body.tags is not UNSET:
            values["tags"] = _packed(self._wording.tags(body.tags))
        if body.pictures is not UNSET:
            values["pictures"] = self._few("pictures", body.pictures, self._settings.pictures_max)
        if body.goods is not UNSET:
            goods = [Link(each.host, each.sku) for each in body.goods]
            values["goods"] = self._few("goods", goods, self._settings.goods_max)
            new = set(goods) - set(LINKS.decode(known["goods"]))
            await self._linking.must_be_own_goods(who.user, new)
        if body.rooms is not UNSET:
            values["rooms"] = self._few("rooms", body.rooms, self._settings.rooms_max)
            led_to = TEXTS.decode(known["rooms"])
            new_rooms = [room for room in body.rooms if room not in led_to]
            await self._linking.must_be_own_rooms(who.user, new_rooms)
        whole = {**known, **values}
        status = known["status"] if body.status is UNSET else body.status
        if status != "draft":
            _must_be_whole(whole)
            verdict = await self._wording.judge(
                whole["title"], whole["text"], *TEXTS.decode(whole["tags"])
            )
            is_new = any(whole[name] != known[name] for name in ("title", "text", "tags"))
            if is_new or known["status"] == "draft":
                status = "held" if verdict else "public"
            else:
                status = known["status"]  # the operator has judged these words, or still has to
        return values | {"status": status}

    def _few(self, name: str, things: Sequence[Any], most: int) -> str:
        once = list(dict.fromkeys(things))
        if len(once) > most:
            raise CommandError(
                "bad_message", f"A note has at most {most} {name}; these are {len(once)}."
            )
        return _packed(once)

    def must_be_let(self, user: str) -> None:
        """Refuse who is banned, or writes too fast; each question counts."""
        if (ban := self._bans.keeps_out(user, "")) is not None:
            raise CommandError("forbidden", ban.sentence)
        wait_s = self._writes.wait_s(("note", user), asyncio.get_running_loop().time())
        if wait_s > 0:
            raise CommandError(
                "rate_limited", "You change notes faster than anybody reads.", int(wait_s * 1e3) + 1
            )

    async def _must_have_place(self, connection: AsyncConnection, author: str) -> None:
        asked = select(func.count()).select_from(NOTES).where(NOTES.c.author == author)
        if int(await connection.scalar(asked) or 0) >= self._settings.per_user_max:
            raise CommandError(
                "limit_reached",
                f"You have {self._settings.per_user_max} notes, which is the most: delete one.",
            )

    async def _put(
        self, connection: AsyncConnection, row: Any, values: dict[str, Any], now: int
    ) -> None:
        """Write what an author changed."""
        differs = any(getattr(row, name) != value for name, value in values.items())
        if not differs:
            return
        if "pictures" in values and values["pictures"] != row.pictures:
            pictures = TEXTS.decode(values["pictures"])
            await use_pictures(connection, f"note:{row.note}", row.author, pictures)
        said = {name: value for name, value in values.items() if name != "status"}
        if row.published and any(getattr(row, name) != value for name, value in said.items()):
            values = values | {"edited": now}
        await self._store(connection, row, values, now)

    async def _store(
        self, connection: AsyncConnection, row: Any, values: dict[str, Any], now: int
    ) -> None:
        """Change a row, and what is found by it."""
        if values.get("status") == "public" and not row.published:
            values = values | {"published": now}
        which = NOTES.c.note == row.note
        changed = max(now, row.changed + 1)  # who reads on by it misses none
        await connection.execute(update(NOTES).where(which).values(**values, changed=changed))
        await _make_found(connection, await row_of(connection, row.note))


async def row_of(connection: AsyncConnection, note: str, *, to_write: bool = False) -> Any:
    """The row of a note, or None. `to_write`: nobody else changes or deletes it meanwhile."""
    asked = select(NOTES).where(NOTES.c.note == note)
    return (await connection.execute(asked.with_for_update() if to_write else asked)).first()


def no_note(note: str) -> CommandError:
    """The refusal of a note that is not there, or not for this person."""
    return CommandError("not_found", f"There is no note `{note[:64]}`.")


async def drop_notes(connection: AsyncConnection, notes: Sequence[str]) -> None:
    """Delete notes with their tags, marks and comments; their pictures are used no more."""
    for note in notes:
        await use_pictures(connection, f"note:{note}", "", [])
        await put_documents(connection, NOTES_LIFE, {("note", note): None}, shown=True)
    for table in (NOTE_TAGS, NOTE_MARKS, NOTE_COMMENTS, NOTES):
        await connection.execute(delete(table).where(table.c.note.in_(notes)))


async def _make_found(connection: AsyncConnection, row: Any) -> None:
    """Have a public note found by tag and by search; one that is not public by neither."""
    await connection.execute(delete(NOTE_TAGS).where(NOTE_TAGS.c.note == row.note))
    tags = TEXTS.decode(row.tags)
    document = None
    if row.status == "public":
        folded = dict.fromkeys(map(tag_key, tags))
        rows = [{"tag": tag, "note": row.note, "published": row.published} for tag in folded]
        if rows:
            await connection.execute(insert(NOTE_TAGS), rows)
        document = Document(
            "note", row.note, row.title, row.changed, text=row.text, context=" ".join(tags),
            host=row.author, host_name=row.author_name,
        )  # fmt: skip
    await put_documents(connection, NOTES_LIFE, {("note", row.note): document}, shown=True)


def _own(row: Any, note: str, who: Identity) -> Any:
    """The row, if this person may change it. Others learn of a note only if it is public."""
    if row is None or (row.author != who.user and row.status != "public"):
        raise no_note(note)
    if row.author != who.user:
        to_do = "remove it instead" if who.is_operator else "report it if it is bad"
        raise CommandError("forbidden", f"This note is another author's; {to_do}.")
    return row


def _must_not_be_removed(row: Any) -> None:
    if row.status == "removed":
        raise CommandError(
            "conflict", f"The operator removed this note ({row.reason}); you can delete it."
        )


def _must_be_whole(whole: Any) -> None:
    if not whole["title"]:
        raise CommandError("bad_message", "`title` is empty: a note needs one to be published.")
    if not whole["text"] and whole["pictures"] == "[]":
        raise CommandError("bad_message", "A note needs a text or a picture to be published.")


def _columns(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in NOTES.c}


def _packed(things: Sequence[Any]) -> str:
    return json.encode(to_builtins(things)).decode()
