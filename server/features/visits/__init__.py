"""Visits: the arrivals and departures in a room."""

from server.feature import Engine, Feature, Running
from server.features.visits import facts
from server.features.visits.routes import PeopleRoutes
from server.features.visits.settings import VisitSettings
from server.features.visits.visits import Visits


def _make(engine: Engine) -> Running:
    visits = Visits(engine.store, engine.settings, engine.worker_id)
    routes = PeopleRoutes(engine.store, visits.stale_ms).routes()
    return Running(it=visits, visits=visits, routes=routes)


FEATURE = Feature(
    make=_make,
    scope="people",
    facts=facts,
    settings={VisitSettings: "figures"},
    keys={
        "here": "zset: <user>\\1<worker>:<conn> who is here, all with score 0, so by user",
        "here_conns": "hash <worker>:<conn> -> packed {user, name, role, at}",
        "here_workers": "hash worker -> ms when it said last that it lives",
    },
    people={"here": "<user>\x01<rest>"},
)
