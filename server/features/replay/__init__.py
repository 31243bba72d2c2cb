"""The replay of a room."""

from server.feature import Engine, Feature, Running
from server.features.replay.replay import Replays
from server.features.replay.routes import ReplayRoutes


def _make(engine: Engine) -> Running:
    return Running(routes=ReplayRoutes(Replays(engine.store, engine.directory)).routes())


FEATURE = Feature(
    make=_make,
    reads=("shelf", "stock", "asks", "comments", "polls", "luckies", "phases"),
)
