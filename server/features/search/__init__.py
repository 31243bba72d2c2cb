"""Search over rooms, goods, hosts, answers and moments of replays."""

from server.feature import Engine, Feature, Running
from server.features.search.projection import SearchProjection
from server.features.search.routes import SearchRoutes
from server.features.search.searching import Search
from server.features.search.settings import SearchSettings
from server.features.search.words import load_dictionary


def _make(engine: Engine) -> Running:
    load_dictionary()
    settings = engine.settings.section(SearchSettings)
    search = Search(engine.store, engine.records, settings)
    return Running(
        it=search,
        routes=SearchRoutes(search).routes(),
        projections=[SearchProjection(settings.room_documents_max)],
    )


FEATURE = Feature(make=_make, settings={SearchSettings: "search"})
"""Keeps in the records what can be found, and finds it."""
