"""After a stream: the draft of a note about it, from what was shown and answered in it."""

from collections.abc import Iterable, Sequence

from server.access.auth import Identity
from server.features.asks.messages import Question
from server.features.asks.showing import Showing, Showings
from server.features.notes.bodies import NoteBody, NoteGoodsInput
from server.features.notes.notes import Notes
from server.features.notes.settings import NoteSettings
from server.features.replay.replay import Replays
from server.protocol.codes import CommandError
from server.rooms.directory import Directory

ANSWERS_MAX = 5
"""Questions that the draft answers, those that most asked."""


class AfterStream:
    """Writes drafts about streams. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        notes: Notes,
        replays: Replays,
        showings: Showings,
        directory: Directory,
        settings: NoteSettings,
    ) -> None:
        self._notes = notes
        self._replays = replays
        self._showings = showings
        self._directory = directory
        self._settings = settings

    async def draft(self, who: Identity, room: str) -> str:
        """Write the draft of a note about an own stream; return its id."""
        if await self._directory.host_of(room) != who.user:
            raise CommandError("forbidden", "Only the host of a room writes a note about it.")
        self._notes.must_be_let(who.user)  # before the whole stream is read
        showing = await self._showings.showing_in(room)
        title, pins = await self._pins(room)
        pinned = {sku: showing.product(sku) for sku in pins}
        shown = [each for each in pinned.values() if each is not None]
        goods = shown or list(showing.products)
        text = _text_of([pins[sku] for sku in pins], _most_asked(showing))
        body = NoteBody(
            title=title[: self._settings.title_chars_max],
            text=_cut(text, self._settings.text_chars_max),
            goods=[
                NoteGoodsInput(showing.host, each.sku) for each in goods[: self._settings.goods_max]
            ],
            rooms=[room][: self._settings.rooms_max],
            status="draft",
        )
        return await self._notes.make(who, body, is_let=True)

    async def _pins(self, room: str) -> tuple[str, dict[str, str]]:
        """The stream's title, and what was pinned in it, sku -> title, in the order of its first
        time."""
        pins: dict[str, str] = {}
        after: str | None = ""
        title = ""
        while after is not None:
            page = await self._replays.page(room, after)
            if page.phase == "scheduled":
                raise CommandError(
                    "not_live", "This stream has not begun: there is nothing to write about yet."
                )
            for entry in page.entries:
                if entry.t == "pin" and entry.sku:
                    pins.setdefault(entry.sku, entry.title or entry.sku)
            title, after = page.title, page.next
        return title, pins


def _most_asked(showing: Showing) -> Sequence[Question]:
    answered = [each for each in showing.answers if each.answer]
    return sorted(answered, key=lambda each: -each.asked)[:ANSWERS_MAX]


def _text_of(titles: Iterable[str], answers: Iterable[Question]) -> list[str]:
    """The lines of a draft; signs instead of words, since it is in the host's language."""
    lines = [f"· {title}" for title in titles]
    for each in answers:
        lines += ["", each.text, f"→ {each.answer}"]
    return lines


def _cut(lines: Sequence[str], chars_max: int) -> str:
    """As many whole lines as fit."""
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        if len(longer) > chars_max:
            break
        text = longer
    return text.strip()
