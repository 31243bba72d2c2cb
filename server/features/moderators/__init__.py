"""Viewers whom a host lets moderate a room."""

from server.feature import Engine, Feature, Running
from server.features.moderators import facts, messages
from server.features.moderators.moderators import Moderators
from server.features.moderators.settings import ModeratorSettings


def _make(engine: Engine) -> Running:
    return Running(takes=[Moderators(engine.store, engine.settings, engine.directory.host_of)])


FEATURE = Feature(
    make=_make,
    messages=messages,
    facts=facts,
    reads=("circles",),
    settings={ModeratorSettings: "moderation"},
)
