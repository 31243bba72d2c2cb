"""A room is changed after it was made: title, time, what it shows; a draft becomes public."""

from server.feature import Engine, Feature, Running
from server.features.details import facts, messages
from server.features.details.details import Details
from server.features.details.drafts import Drafts
from server.features.details.routes import DetailRoutes


def _make(engine: Engine) -> Running:
    details = Details(engine.store, engine.settings, engine.directory)
    drafts = Drafts(engine.directory, engine.open_room)
    return Running(
        takes=[details],
        routes=DetailRoutes(engine.directory, engine.dispatch, engine.view).routes(),
        gates=[drafts.gate],
    )


FEATURE = Feature(scope="rooms", make=_make, messages=messages, facts=facts)
