"""Visits: the arrivals and departures in a room."""

from server.feature import Engine, Feature, Running
from server.features.visits import facts
from server.features.visits.settings import VisitSettings
from server.features.visits.visits import Visits


def _make(engine: Engine) -> Running:
    visits = Visits(engine.store, engine.settings, engine.worker_id)
    return Running(it=visits, visits=visits)


FEATURE = Feature(
    make=_make,
    facts=facts,
    settings={VisitSettings: "figures"},
)
