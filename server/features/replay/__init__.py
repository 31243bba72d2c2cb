"""The replay of a room."""

from server.feature import Engine, Feature, Running
from server.features.replay.replay import Replays
from server.features.replay.routes import ReplayRoutes


def _make(engine: Engine) -> Running:
    replays = Replays(engine.store, engine.directory, engine.facts)
    return Running(it=replays, routes=ReplayRoutes(replays).routes())


FEATURE = Feature(
    make=_make,
    reads=(
        "shelf",
        "stock",
        "sales",
        "asks",
        "comments",
        "notices",
        "polls",
        "luckies",
        "phases",
        "auctions",
    ),
)
