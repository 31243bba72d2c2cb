"""Topics: a page of rooms and notes under one theme, with its dates."""

from server.feature import Engine, Feature, Running
from server.features.topics.cards import Cards
from server.features.topics.heads import TopicHeads
from server.features.topics.routes import TopicRoutes
from server.features.topics.settings import TopicSettings
from server.features.topics.topic_book import TopicBook, delete_room_of_topics, forget_topics


def _make(engine: Engine) -> Running:
    cards = Cards(engine.store, engine.records)
    book = TopicBook(engine.records, engine.settings.section(TopicSettings), cards)
    return Running(
        it=book,
        routes=TopicRoutes(book).routes(),
        heads={"/topic/{topic}": TopicHeads(book).read},
        forgets_user=[forget_topics],
        deletes=[delete_room_of_topics],
    )


FEATURE = Feature(
    make=_make,
    reads=("actions", "notes", "pictures", "search"),
    settings={TopicSettings: "topics"},
)
