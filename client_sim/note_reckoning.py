"""Compares what people did with notes with what the server says of it, at the end of a run."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from client_sim.checks import Findings
from client_sim.client.wire import Message
from client_sim.note_record import NoteRecord
from client_sim.people import Person
from client_sim.reckoning import LOOK_EVERY_S, SETTLE_S_MAX
from client_sim.rest import Rest
from client_sim.tokens import CannotRun

SOLD = frozenset({"paid", "returned"})

Brought = tuple[int, int, dict[str, int]]
"""The people who came, their paid orders, and what these cost by currency."""


class NoteReckoning:
    """`make` reads it all as the author. What brought people follows the room by about a second, so
    it looks again for a while."""

    def __init__(
        self, record: NoteRecord, rest: Rest, findings: Findings, *, room: str, host: str
    ) -> None:
        """`rest` is the host's, who wrote the notes."""
        self._record = record
        self._rest = rest
        self._findings = findings
        self._room = room
        self._host = host

    def due(self, orders: int) -> dict[str, int]:
        """The least number of looks by check."""
        notes = len(self._record.written)
        asks = sum(len(asks) for asks in self._record.asks.values())
        least = {"notes_counted": 4 * notes, "note_asks_answered": asks + notes}
        return least | {"sources_kept": orders, "drafts_hidden": 2 * len(self._record.drafts)}

    async def make(self, persons: Sequence[Person], orders: Iterable[Message]) -> None:
        """Compare everything there was. What can't be read has failed."""
        listed = list(orders)
        try:
            for note in self._record.notes:
                if note not in self._record.unsure:
                    await self._compare_note(note)
            await self._compare_collections(persons)
            self._compare_sources(persons, listed)
            await self._compare_brought(persons, listed)
            for draft in self._record.drafts:
                await self._compare_draft(draft, persons)
        except CannotRun as error:
            self._see("notes_counted", False, str(error))

    async def _compare_note(self, note: str) -> None:
        view = await self._rest.read(f"notes/{note}")
        record = self._record
        for what, ours in (
            ("likes", len(record.likes[note])),
            ("collects", len(record.collects[note])),
            ("comments", len(record.comments[note])),
        ):
            words = f"note {note} has {view[what]} {what}, people were answered {ours}"
            self._see("notes_counted", view[what] == ours, words)
        comments = await self._all(f"notes/{note}/comments", "comments")
        told = Counter((it["comment"], it["text"]) for it in comments)
        words = f"note {note} lists the comments {told}, written were {record.comments[note]}"
        self._see("notes_counted", told == Counter(record.comments[note].items()), words)
        asks = await self._all("me/note-asks", "asks")
        asked = Counter((it["comment"], it["user"]) for it in asks if it["note"] == note)
        words = f"the author of note {note} was told of {asked}, asked had {record.asks[note]}"
        self._see("note_asks_answered", asked == Counter(record.asks[note].items()), words)

    async def _compare_collections(self, persons: Sequence[Person]) -> None:
        """Each of them has in their collection what they collected, once."""
        for person in persons:
            who = person.witness.who
            ours = {note for note, users in self._record.collects.items() if who in users}
            if ours and person.at_counter is not None and not self._record.unsure:
                async with person.at_counter() as rest:
                    page = await rest.read("me/collections?limit=50")
                told = Counter(it["note"] for it in page["notes"])
                mine = {note: times for note, times in told.items() if note in self._record.notes}
                words = f"{who} collected {ours}, and has {mine}"
                self._see("notes_counted", mine == dict.fromkeys(ours, 1), words)

    def _compare_sources(self, persons: Sequence[Person], orders: list[Message]) -> None:
        sources = {person.witness.who: person.source for person in persons}
        for order in orders:
            ours, told = sources.get(order["user"]), order.get("source")
            words = f"order {order['order']} came from {told}, its buyer from {ours}"
            self._see("sources_kept", _named(ours) == _named(told), words)

    async def _compare_brought(self, persons: Sequence[Person], orders: list[Message]) -> None:
        """Compare who came from each note, and their orders, with what the host is told."""
        came, sold = Counter[str](), Counter[str]()
        paid: dict[str, Counter[str]] = {}
        for person in persons:
            if person.has_come and _named(person.source)[0] == "note":
                came[person.source["id"]] += 1
        for order in orders:
            kind, note = _named(order.get("source"))
            if kind == "note" and order["status"] in SOLD:
                sold[note] += 1
                paid.setdefault(note, Counter())[order["currency"]] += order["total"]
        ours: dict[str, Brought] = {
            note: (came[note], sold[note], dict(paid.get(note, {}))) for note in self._record.notes
        }
        told = await self._brought()
        for _ in range(round(SETTLE_S_MAX / LOOK_EVERY_S)):
            if told == ours:
                break
            await asyncio.sleep(LOOK_EVERY_S)
            told = await self._brought()
        for note, brought in ours.items():
            words = f"note {note} brought {told[note]} by the insights, {brought} by the orders"
            self._see("sources_kept", told[note] == brought, words)

    async def _brought(self) -> dict[str, Brought]:
        """By note: the people who came, their orders, and what these cost, of this week and the
        last, since a run may be on while a week ends."""
        view = await self._rest.read(f"hosts/{self._host}/insights")
        rows = {row["ref"]: [row["now"], row["before"][0]] for row in view["notes"]}
        found = {}
        for note in self._record.notes:
            weeks = rows.get(note, [])
            paid: Counter[str] = Counter()
            for week in weeks:
                paid.update(week.get("paid", {}))
            people, orders = (sum(week.get(it, 0) for week in weeks) for it in ("people", "orders"))
            found[note] = people, orders, {name: n for name, n in paid.items() if n}
        return found

    async def _compare_draft(self, draft: Message, persons: Sequence[Person]) -> None:
        note = draft["note"]
        own = await self._rest.read(f"notes/{note}")
        rooms = [room["room"] for room in own["rooms"] if room.get("linked", True)]
        fine = own["status"] == "draft" and self._room in rooms
        self._see("drafts_hidden", fine, f"the draft of the stream is {own}")
        other = next((it.at_counter for it in persons if it.at_counter is not None), None)
        if other is not None:
            async with other() as rest:
                seen = await rest.is_there(f"notes/{note}")
            self._see("drafts_hidden", not seen, f"the draft {note} is seen by others")

    async def _all(self, path: str, name: str) -> list[Message]:
        found: list[Message] = []
        cursor = ""
        while True:
            page = await self._rest.read(f"{path}?limit=50&cursor={cursor}")
            found += page[name]
            cursor = page.get("next") or ""
            if not cursor:
                return found

    def _see(self, check: str, holds: Any, sentence: str) -> None:
        self._findings.see(check, bool(holds), "the reckoning", sentence)


def _named(source: Message | None) -> tuple[str, str]:
    return (source["kind"], source.get("id", "")) if source else ("", "")
