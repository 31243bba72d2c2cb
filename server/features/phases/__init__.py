"""A stream starts and ends, or is cancelled before."""

from server.feature import Engine, Feature, Running
from server.features.follows.announcing import Announcer
from server.features.phases import facts, messages
from server.features.phases.phases import Phases
from server.features.phases.routes import PhaseRoutes
from server.features.phases.snapshot import PhasesPart
from server.features.sales.sales import Sales


def _make(engine: Engine, sales: Sales, announcer: Announcer) -> Running:
    phases = Phases(
        engine.store,
        engine.settings,
        engine.directory.note_phase,
        engine.directory.note_not_waiting,
        close_sales=sales.close_all,
        announce=announcer.start,
    )
    routes = PhaseRoutes(engine.directory, engine.dispatch, engine.view).routes()
    return Running(takes=[phases], routes=routes)


FEATURE = Feature(
    scope="rooms",
    make=_make,
    leans_on=("sales", "follows"),
    reads=("shelf", "stock"),
    messages=messages,
    facts=facts,
    part=PhasesPart,
)
