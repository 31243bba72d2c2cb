"""Assembly: the parts of the feed of one worker, put together."""

from random import Random
from typing import NamedTuple

from server.features.featured.current import CurrentSlots
from server.features.feed.choice import Chooser
from server.features.feed.covisits import CoVisits
from server.features.feed.feed import Feed
from server.features.feed.impressions import Impressions
from server.features.feed.intake import Intake
from server.features.feed.less import LessBook
from server.features.feed.memory import Memory
from server.features.feed.note_cards import NoteCards
from server.features.feed.page_tokens import PageTokens
from server.features.feed.people import People
from server.features.feed.room_cards import RoomCards
from server.features.feed.settings import FeedSettings
from server.features.feed.weights import FeedWeights
from server.features.ties.ties import Ties
from server.records.database import Database
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics


class Assembled(NamedTuple):
    """The two halves of the feed: one answers requests, the other keeps it up to date."""

    feed: Feed
    intake: Intake


def assembled(
    store: RoomStore,
    records: Database,
    settings: Settings,
    metrics: Metrics,
    ties: Ties,
    featured: CurrentSlots,
    rng: Random,
) -> Assembled:
    """Put the feed together; it knows nothing before the intake's first look."""
    own = settings.section(FeedSettings)
    memory = Memory(own.notes_max, CoVisits())
    people = People(records, ties, own)
    chooser = Chooser(memory, own, settings.section(FeedWeights), rng)
    impressions = Impressions(records, memory.host_of, metrics, own.newcomer_window_ms)
    intake = Intake(
        records, memory, people, own, impressions.write, chooser.refresh, impressions.forget
    )
    feed = Feed(
        memory,
        people,
        chooser,
        (RoomCards(store), NoteCards(records)),
        PageTokens(records),
        impressions,
        LessBook(records, own.less_max),
        featured,
        own,
        metrics,
    )
    return Assembled(feed, intake)
