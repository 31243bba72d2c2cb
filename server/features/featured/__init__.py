"""Featured: rooms and notes that operators put in front of everybody for a while."""

from server.feature import Engine, Feature, Running
from server.features.featured.current import CurrentSlots
from server.features.featured.routes import FeaturedRoutes
from server.features.featured.settings import FeaturedKeeping, FeaturedSettings
from server.features.featured.slots import OldSlots, Slots, delete_room_of_slots, forget_slots
from server.features.topics.topic_book import TopicBook
from server.rooms.retention import Removal


def _make(engine: Engine, topics: TopicBook) -> Running:
    settings, records = engine.settings, engine.records
    current = CurrentSlots(records)
    slots = Slots(records, settings.section(FeaturedSettings), topics)
    old, days = OldSlots(records), settings.section(FeaturedKeeping).keep_featured_days
    return Running(
        it=current,
        routes=FeaturedRoutes(slots, current, topics.cards).routes(),
        forgets_user=[forget_slots],
        deletes=[delete_room_of_slots],
        removals=[Removal(kind="featured", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("topics",),
    reads=("actions",),
    settings={FeaturedSettings: "featured", FeaturedKeeping: "records"},
)
