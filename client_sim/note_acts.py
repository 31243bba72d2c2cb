"""Acts as host and crowd do with notes, in the feed and with the search, over HTTP.

None of it needs a room: it can be done the day before. Who came upon the room in one of these ways,
and was not there yet, comes from there: see `Person.come_from`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from client_sim.client.wire import Message
from client_sim.note_record import NoteRecord
from client_sim.people import Person
from client_sim.rest import Rest
from client_sim.tokens import CannotRun

SEARCHES_MAX, SEARCH_AGAIN_S = 40, 0.25
"""The index follows the rooms by about a second: who finds nothing looks again for a while."""
FEED_ROWS = 20


class Crowd:
    """The acts of the crowd: `act` has a person do one."""

    def __init__(self, record: NoteRecord, room: str) -> None:
        self._record = record
        self._room = room

    async def act(self, person: Person, name: str, fields: Message) -> None:
        """Have a person do something. What is refused has failed: all of this is allowed."""
        if person.at_counter is None:
            return
        note = ""
        if "note" in fields:
            written = self._record.written.get(fields["note"])
            if written is None:
                return  # the step that writes it was noted
            note = written["note"]
        try:
            async with person.at_counter() as rest:
                await ACTS[name](self, person, rest, {"note": note} | _without_note(fields))
        except CannotRun as error:
            self._record.unsure.add(note)
            person.witness.see("answered", False, str(error))

    async def open(self, person: Person, rest: Rest, fields: Message) -> None:
        """Read a note with its comments, and come from it."""
        note = fields["note"]
        read = await rest.read(f"notes/{note}")
        await rest.read(f"notes/{note}/comments?limit=20")
        self._record.opened[note].add(person.witness.who)
        if any(room["room"] == self._room for room in read["rooms"]):
            person.come_from({"kind": "note", "id": note})

    async def mark(self, person: Person, rest: Rest, fields: Message, what: str, on: bool) -> None:
        """Like or collect a note, or take it back."""
        note, who = fields["note"], person.witness.who
        method = "PUT" if on else "DELETE"
        answer = await rest.write(method, f"notes/{note}/{what}")
        users = (self._record.likes if what == "like" else self._record.collects)[note]
        (users.add if on else users.discard)(who)
        is_on = answer["liked" if what == "like" else "collected"]
        words = f"note {note}: {what} is {is_on} after it was set to {on}"
        person.witness.see("notes_counted", is_on is on, words)

    async def say(self, person: Person, rest: Rest, fields: Message) -> None:
        """Comment on a note; who asks for the link is given the cards of its goods."""
        note, text = fields["note"], fields["text"]
        said = await rest.write("POST", f"notes/{note}/comments", {"text": text})
        if said.get("status", "public") != "public":
            return
        self._record.comments[note][said["comment"]] = text
        if fields.get("asks"):
            self._record.asks[note][said["comment"]] = person.witness.who
            linked = {goods["sku"] for goods in self._goods_of(note)}
            given = {card["sku"] for card in said.get("cards", [])}
            words = f"asked for the goods {linked} of note {note}, and was given {given}"
            person.witness.see("note_asks_answered", given == linked, words)

    def _goods_of(self, note: str) -> list[Message]:
        found: list[Message] = next(
            it["goods"] for it in self._record.written.values() if it["note"] == note
        )
        return found

    async def read_feed(self, person: Person, rest: Rest, _: Message) -> None:
        """Look at the first page of the feed, say what was seen, and come from there."""
        page = await rest.read(f"feed?limit={FEED_ROWS}")
        rows = page["rows"]
        things = [(row["kind"], row["id"]) for row in rows]
        twice = {thing for thing in things if things.count(thing) > 1}
        person.witness.see("feed_tells_why", not twice, f"a page of the feed has {twice} twice")
        mute = [thing for thing, row in zip(things, rows, strict=True) if not row["reason"]["code"]]
        person.witness.see("feed_tells_why", not mute, f"rows without a reason: {mute}")
        if rows:
            seen = {"page": page["page"], "rows": list(range(len(rows)))}
            await rest.write("POST", "feed/seen", seen)
            person.come_from({"kind": "feed"})

    async def search(self, person: Person, rest: Rest, fields: Message) -> None:
        """Search for something, and come from the first result that leads to the room."""
        ways: list[Message] = []
        for _ in range(SEARCHES_MAX):
            page = await rest.read(f"search?q={quote(fields['text'])}&limit=20")
            ways = [way for it in page["results"] if (way := _source_of(it["link"], self._room))]
            if ways:
                person.come_from(ways[0])
                break
            await asyncio.sleep(SEARCH_AGAIN_S)
        words = f"nobody finds `{fields['text']}`, which stands in room {self._room}"
        person.witness.see("search_leads_here", bool(ways), words)


def _source_of(link: str, room: str) -> Message | None:
    """The source that a link to the room names."""
    parts = urlsplit(link)
    if parts.path != f"/watch/{room}":
        return None
    kind, _, id_ = parse_qs(parts.query).get("from", ["search"])[0].partition(":")
    return {"kind": kind, "id": id_} if id_ else {"kind": kind}


def _without_note(fields: Message) -> Message:
    return {name: value for name, value in fields.items() if name != "note"}


async def _ask(crowd: Crowd, person: Person, rest: Rest, fields: Message) -> None:
    await crowd.say(person, rest, fields | {"asks": True})


def _marking(what: str, *, on: bool) -> Callable[..., Awaitable[None]]:
    async def mark(crowd: Crowd, person: Person, rest: Rest, fields: Message) -> None:
        await crowd.mark(person, rest, fields, what, on)

    return mark


ACTS: Mapping[str, Callable[[Crowd, Person, Rest, Any], Awaitable[None]]] = {
    "note.open": Crowd.open,
    "note.like": _marking("like", on=True),
    "note.unlike": _marking("like", on=False),
    "note.collect": _marking("collect", on=True),
    "note.uncollect": _marking("collect", on=False),
    "note.comment": Crowd.say,
    "note.ask": _ask,
    "feed.read": Crowd.read_feed,
    "search": Crowd.search,
}
