"""Hearts."""

from server.feature import Engine, Feature, Running
from server.features.likes import messages
from server.features.likes.likes import Likes
from server.features.likes.settings import LikeSettings
from server.features.likes.snapshot import LikesPart


def _make(engine: Engine) -> Running:
    return Running(takes=[Likes(engine.store, engine.settings, engine.metrics)])


FEATURE = Feature(
    make=_make,
    messages=messages,
    settings={LikeSettings: "rooms"},
    part=LikesPart,
)
