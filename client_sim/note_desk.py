"""Writes the host's notes: the day before about the room, and after the stream about it."""

import asyncio
import itertools
from collections.abc import Sequence
from random import Random

from client_sim import content, drawing
from client_sim.client.wire import Message
from client_sim.note_record import NoteRecord
from client_sim.people import Person
from client_sim.rest import Rest

NOTE_ACTS = frozenset({"note.write", "note.draft"})
"""Steps of a script that are taken here."""


class NoteDesk:
    """Writes as the author of `rest`; `record` has what was answered. Methods raise CannotRun."""

    def __init__(self, rest: Rest, rng: Random, *, room: str, host: str) -> None:
        self.record = NoteRecord()
        self._rest = rest
        self._rng = rng
        self._room = room
        self._host = host

    async def take_step(self, act: str, fields: Message) -> None:
        """Take a step of a script: `note.write` or `note.draft`."""
        await (self.write(fields) if act == "note.write" else self.draft())

    async def write(self, fields: Message) -> None:
        """Publish a note about the room, with so many drawn `pictures` and goods of `skus`."""
        about = {
            "goods": [{"host": self._host, "sku": sku} for sku in fields.get("skus", [])],
            "rooms": [self._room],
        }
        self.record.written[fields["name"]] = await self._publish(self._rest, fields, about)

    async def furnish(self, persons: Sequence[Person]) -> None:
        """Write the notes of `content` that are not there yet: the host's, and those of the first
        of the crowd."""
        known = (await self._rest.read(f"notes?author={self._host}&limit=50"))["notes"]
        if {note["title"] for note in content.notes()} & {note["title"] for note in known}:
            return
        writers = itertools.cycle(persons)
        for n, note in enumerate(content.notes()):
            if "skus" in note:
                await self.write(note | {"name": f"n{n}"})
            elif (writer := next(writers, None)) is not None and writer.at_counter is not None:
                async with writer.at_counter() as rest:
                    await self._publish(rest, note, {})

    async def _publish(self, rest: Rest, fields: Message, about: Message) -> Message:
        pictures = []
        for _ in range(fields.get("pictures", 1)):
            drawn = await asyncio.to_thread(drawing.draw_vessel, self._rng)
            pictures.append((await rest.send_bytes("pictures", drawn))["picture"])
        body: Message = {name: fields[name] for name in ("title", "text")}
        body |= {"tags": fields.get("tags", []), "pictures": pictures, "status": "public"}
        return await rest.write("POST", "notes", body | about)

    async def draft(self) -> None:
        """Have the server draft a note about the stream."""
        path = f"rooms/{self._room}/note-draft"
        self.record.drafts.append(await self._rest.write("POST", path))
