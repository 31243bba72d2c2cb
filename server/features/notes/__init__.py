"""Notes: what people write about goods and rooms, and what others do with it."""

from typing import NamedTuple

from server.feature import Engine, Feature, Running
from server.features.asks import Asked
from server.features.asks.showing import Showings
from server.features.circles.circles import Circles
from server.features.notes.acts import OldActs, Openings
from server.features.notes.after_stream import AfterStream
from server.features.notes.forgetting import forget_notes
from server.features.notes.linking import Linking
from server.features.notes.marks import Marks
from server.features.notes.note_book import NoteBook
from server.features.notes.notes import Notes
from server.features.notes.routes import NoteRoutes
from server.features.notes.settings import NoteKeeping, NoteSettings
from server.features.notes.showing import NotesNow
from server.features.notes.talk import Talk
from server.features.notes.talk_moderation import TalkModeration
from server.features.notes.talk_routes import TalkRoutes
from server.features.notes.wording import Wording
from server.features.replay.replay import Replays
from server.features.rules.rules import Rules
from server.rooms.retention import Removal


class Written(NamedTuple):
    """The objects that features which lean on notes are handed."""

    notes: Notes
    talk: TalkModeration


def _make(
    engine: Engine, circles: Circles, rules: Rules, asked: Asked, replays: Replays
) -> Running:
    store, records, directory = engine.store, engine.records, engine.directory
    settings = engine.settings.section(NoteSettings)
    wording = Wording(settings, rules)
    showings = Showings(engine.open_room, directory.state)
    now = NotesNow(store, records, circles.hosts, showings)
    openings = Openings(records, settings, engine.metrics)
    linking = Linking(store, records, directory)
    notes = Notes(records, settings, wording, linking, engine.bans)
    book = NoteBook(records, now, openings)
    moderation = TalkModeration(records)
    after_stream = AfterStream(notes, replays, showings, directory, settings)
    talk = Talk(records, settings, wording, asked.asks, now, engine.bans)
    routes = NoteRoutes(notes, book, Marks(records, settings), after_stream)
    old, days = OldActs(records), engine.settings.section(NoteKeeping).keep_note_acts_days
    return Running(
        it=Written(notes, moderation),
        routes=[*routes.routes(), *TalkRoutes(talk, moderation).routes()],
        closes=[openings.batches.aclose],
        forgets_user=[forget_notes],
        removals=[Removal(kind="note_acts", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles", "rules", "asks", "replay"),
    reads=("actions", "merchants", "offers", "pictures", "search", "shelf"),
    settings={NoteSettings: "notes", NoteKeeping: "records"},
)
