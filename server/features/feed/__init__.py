"""The feed: live rooms and notes for a person, on the first page."""

from random import Random

from server.access.client_address import ClientAddresses
from server.feature import Engine, Feature, Running
from server.features.featured.current import CurrentSlots
from server.features.feed.assembly import assembled
from server.features.feed.projection import FeedProjection
from server.features.feed.retention import forget_person, removals_of
from server.features.feed.routes import FeedRoutes
from server.features.feed.settings import FeedKeeping, FeedSettings
from server.features.feed.weights import FeedWeights
from server.features.ties.ties import Ties


def _make(engine: Engine, ties: Ties, featured: CurrentSlots) -> Running:
    records, settings = engine.records, engine.settings
    feed, intake = assembled(
        engine.store, records, settings, engine.metrics, ties, featured, Random()
    )
    keeping, own = settings.section(FeedKeeping), settings.section(FeedSettings)
    return Running(
        it=feed,
        routes=FeedRoutes(feed, ClientAddresses(settings.server.trusted_proxies)).routes(),
        tasks=[intake],
        projections=[FeedProjection(keeping.keep_feed_acts_days, own.newcomer_impressions)],
        forgets_user=[forget_person],
        removals=removals_of(records, keeping, own.newcomer_window_ms),
    )


FEATURE = Feature(
    make=_make,
    leans_on=("ties", "featured"),
    reads=("archive", "notes", "pictures", "search"),
    settings={FeedSettings: "feed", FeedWeights: "feed", FeedKeeping: "records"},
)
