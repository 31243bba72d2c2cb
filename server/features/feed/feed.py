"""The feed: a page for a person, from what is remembered and what its rows are just now."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from server.access.auth import Identity
from server.background.clock import DAY_MS, unix_ms
from server.features.featured.current import CurrentSlots
from server.features.feed.candidates import Pool
from server.features.feed.choice import Chooser
from server.features.feed.cursors import code_of, given_before, place_after
from server.features.feed.impressions import Impressions
from server.features.feed.less import Kind, Less, LessBook
from server.features.feed.memory import Memory, host_key, note_key
from server.features.feed.newcomers import placed, slots
from server.features.feed.note_cards import NoteCard, NoteCards
from server.features.feed.page_tokens import Given, PageTokens
from server.features.feed.people import People, Person
from server.features.feed.room_cards import RoomCards
from server.features.feed.rows import FeedPage, NoteRow, ReasonCode, RoomRow, Row, RowReason
from server.features.feed.scoring import Scored
from server.features.feed.settings import FeedSettings
from server.features.search.room_states import RoomState
from server.protocol.codes import CommandError
from server.telemetry.metrics import Metrics
from server.text.folding import tag_key

LIMIT_MAX = 50
FRESH_MS = 2 * DAY_MS
"""How long a note was just published."""
TELLING_PARTS = 5
"""A reason of the person's own is told if it adds a fifth of what adds most."""
SPARE = 8
"""Rows that are read beyond a page, in place of rooms that ended and notes that went meanwhile."""


_PERSONAL = ("follow", "again", "bought", "near", "tag")


class _Why(NamedTuple):
    """Why an item is on the page: a code, and the item, tag or topic that it is about."""

    code: ReasonCode
    about: str = ""


class _Cards(NamedTuple):
    """What rows show, by item; of what is not shown now there is None. `room_ids`: the rooms of
    `rooms`."""

    room_ids: dict[str, str]
    rooms: dict[str, RoomState | None]
    notes: dict[str, NoteCard | None]


class Feed:
    """Makes pages, and takes what people say of them."""

    def __init__(
        self,
        memory: Memory,
        people: People,
        chooser: Chooser,
        cards: tuple[RoomCards, NoteCards],
        tokens: PageTokens,
        impressions: Impressions,
        wishes: LessBook,
        featured: CurrentSlots,
        settings: FeedSettings,
        metrics: Metrics,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._memory = memory
        self._people = people
        self._chooser = chooser
        self._room_cards, self._note_cards = cards
        self._tokens = tokens
        self._impressions = impressions
        self._wishes = wishes
        self._featured = featured
        self._settings = settings
        self._metrics = metrics
        self._clock = clock

    async def page(self, who: Identity | None, place: str, limit: int) -> FeedPage:
        """Return a page after a place. `who` is None for a guest.

        Raises CommandError `unavailable`, RecordsAway.
        """
        began = time.perf_counter()
        await self._tokens.load()
        user = who.user if who is not None else ""
        person = await self._people.read(user) if user else Person.unknown()
        given = given_before(place)
        limit = min(limit, self._settings.rows_max - len(given))
        page = await self._rows(who, person, given, limit)
        codes = [*given, *(code_of(each.item) for each, _ in page)]
        token = self._tokens.write(user, [each for each, _ in page], self._clock() // 1000)
        is_last = len(page) < limit or len(codes) >= self._settings.rows_max
        self._metrics.feed_page_seconds.observe(time.perf_counter() - began)
        return FeedPage([row for _, row in page], token, None if is_last else place_after(codes))

    async def seen(self, viewer: str, person: str, token: str, rows: Iterable[int]) -> int:
        """Count rows of a page that were seen; return how many count. Raises CommandError."""
        await self._tokens.load()
        page = self._tokens.read(person, token, self._clock() // 1000)
        wanted = sorted(set(rows))
        if wanted[-1] >= len(page.rows):
            raise CommandError(
                "bad_message", f"That page has {len(page.rows)} rows, counted from 0."
            )
        fresh = self._impressions.count(viewer, person, map(page.given, wanted))
        self._people.were_shown(person, fresh)
        return len(fresh)

    async def put_less(self, person: str, kind: Kind, id_: str) -> Less:
        """Show a person nothing of this any more. Raises CommandError, RecordsAway."""
        less = await self._wishes.put(person, kind, id_)
        self._people.forget(person)
        return less

    async def remove_less(self, person: str, kind: str, id_: str) -> None:
        """Undo it. Raises RecordsAway."""
        await self._wishes.remove(person, kind, id_)
        self._people.forget(person)

    async def less_of(self, person: str) -> list[tuple[Less, str]]:
        """Return what a person wants to see less of, each with its name. Raises RecordsAway."""
        found = await self._wishes.of_person(person)
        notes = await self._note_cards.read(each.id for each in found if each.kind == "note")
        return [(each, self._name_of(each, notes)) for each in found]

    def _name_of(self, less: Less, notes: dict[str, NoteCard | None]) -> str:
        if less.kind == "host":
            return self._host_name(less.id)
        note = notes.get(less.id)
        return "" if note is None else note.title

    def _host_name(self, host: str) -> str:
        known = self._memory.hosts.get(host)
        return host if known is None else known.name

    async def _rows(
        self, who: Identity | None, person: Person, given: Sequence[int], limit: int
    ) -> list[tuple[Given, Row]]:
        """Choose rows, and read what they show."""
        if limit <= 0:
            return []
        now, chooser, first = self._clock(), self._chooser, len(given)
        pool = chooser.pool(person, frozenset(given), now)
        featured = await self._featured_items(pool) if not given else {}
        places = slots(first, limit, self._settings.newcomers_percent_max)
        ranked = chooser.ranked(pool, person, limit + SPARE, now)
        own = {each.item: self._why(each, now) for each in ranked}
        # Who is there for a reason of the person's own needs no slot, and takes none from others.
        earned = {item for item, why in own.items() if why.code in _PERSONAL}
        drawn = chooser.newcomers(pool, len(places), now, earned)
        why = dict.fromkeys(drawn, _Why("new")) | own | featured
        cards = await self._cards(why)
        shown = {item for item in why if self._is_there(item, cards) and self._may_enter(who, item)}
        rows = [item for item in dict.fromkeys((*featured, *(r.item for r in ranked)))
                if item in shown]  # fmt: skip
        new = [item for item in drawn if item in shown and item not in featured]
        new = new[: _reached(places, first, [item for item in rows if item not in new])]
        why |= dict.fromkeys(new, _Why("new"))
        page = placed([item for item in rows if item not in new], new, places, first)[:limit]
        return [(Given(item, why[item].code), self._row(item, why[item], cards)) for item in page]

    async def _featured_items(self, pool: Pool) -> dict[str, _Why]:
        """Return what operators put in front of everybody."""
        found: dict[str, _Why] = {}
        for slot in await self._featured.running():
            item = note_key(slot.id) if slot.kind == "note" else host_key(slot.host)
            found[item] = _Why("featured")
        return {item: why for item, why in found.items() if pool.may_show(item)}

    async def _cards(self, why: dict[str, _Why]) -> _Cards:
        """Read what these items show; of notes also what their reasons name."""
        about = [each.about for each in why.values() if each.code == "near"]
        notes = [item[5:] for item in (*why, *about) if item.startswith("note:")]
        rooms = {item: host.room for item in why if (host := self._memory.live.get(item))}
        read = await self._room_cards.read(rooms.values())
        by_item = {item: read[room] for item, room in rooms.items() if room in read}
        for item, room_card in by_item.items():
            if room_card is None:
                self._memory.end_room(item[5:], rooms[item])
        found = await self._note_cards.read(notes)
        cards = {note_key(note): card for note, card in found.items()}
        for item, card in cards.items():
            if card is None:  # of a note that was deleted no row says so
                self._memory.drop_note(item)
        return _Cards(rooms, by_item, cards)

    def _is_there(self, item: str, cards: _Cards) -> bool:
        return (cards.rooms.get(item) or cards.notes.get(item)) is not None

    def _may_enter(self, who: Identity | None, item: str) -> bool:
        """Whether the person's token lets them into the room; notes are for everybody."""
        host = self._memory.live.get(item)
        return host is None or who is None or who.may_enter(host.room)

    def _row(self, item: str, why: _Why, cards: _Cards) -> Row:
        reason = self._reason(item, why, cards)
        room = cards.rooms.get(item)
        if room is not None:
            room_id = cards.room_ids[item]
            return RoomRow(
                id=room_id,
                reason=reason,
                link=f"/watch/{room_id}?from=feed",
                title=room.title,
                host=room.host,
                host_name=room.host_name,
                started=room.started,
                online=room.online,
                cover=room.cover,
            )
        note = cards.notes[item]
        assert note is not None
        live = self._memory.live.get(host_key(note.author))
        return NoteRow(
            id=item[5:],
            reason=reason,
            link=f"/note/{item[5:]}",
            title=note.title,
            author=note.author,
            author_name=note.author_name,
            published=note.published,
            likes=note.likes,
            tags=note.tags,
            picture=note.picture,
            room="" if live is None else live.room,
        )

    def _why(self, scored: Scored, now: int) -> _Why:
        """Return what speaks for a row: a follow, as the person chose it; else what they did
        themselves, if it says something; else what says most. That a room is new says that it is
        live, and of an old note it says nothing."""
        if any(reason.code == "follow" for reason in scored.reasons):
            return _Why("follow")
        most = scored.reasons[0].adds if scored.reasons else 0.0
        for reason in scored.reasons:
            if reason.code in _PERSONAL and reason.adds * TELLING_PARTS >= most:
                return _Why(reason.code, reason.about)
        if scored.reasons and scored.reasons[0].code != "fresh":
            return _Why(scored.reasons[0].code, scored.reasons[0].about)
        note = self._memory.notes.get(scored.item)
        if note is None:
            return _Why("live")
        return _Why("fresh" if now - note.published < FRESH_MS else "maybe")

    def _reason(self, item: str, why: _Why, cards: _Cards) -> RowReason:
        code, about = why
        if code in ("follow", "again", "bought"):
            return RowReason(code, name=self._owner_name(item, cards))
        if code == "tag":
            own = cards.notes.get(item)
            spelled = () if own is None else own.tags
            return RowReason(code, tag=next((t for t in spelled if tag_key(t) == about), about))
        if code != "near":
            return RowReason(code)
        note = cards.notes.get(about)
        title = note.title if note is not None else ""
        if about.startswith("host:"):
            title = self._host_name(about[5:])
        return RowReason(code, title=title) if title else RowReason("popular")

    def _owner_name(self, item: str, cards: _Cards) -> str:
        room, note = cards.rooms.get(item), cards.notes.get(item)
        if room is not None:
            return room.host_name
        return "" if note is None else note.author_name


def _reached(places: Sequence[int], first: int, rows: Sequence[str]) -> int:
    """Return how many newcomers' places there are in a feed that has only these other rows, of
    which the first has the place `first`; whoever finds no place there has that of their score."""
    return sum(place - first - before <= len(rows) for before, place in enumerate(places))
