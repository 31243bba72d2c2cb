"""The log of what hosts and moderators did."""

from server.feature import Engine, Feature, Running
from server.features.actions.actions import Actions
from server.features.actions.routes import ActionRoutes


def _make(engine: Engine) -> Running:
    return Running(routes=ActionRoutes(Actions(engine.store)).routes())


FEATURE = Feature(
    make=_make,
)
