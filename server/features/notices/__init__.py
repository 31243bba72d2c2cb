"""A line for everybody."""

from server.feature import Engine, Feature, Running
from server.features.notices import facts, messages
from server.features.notices.notices import Notices
from server.features.notices.snapshot import NoticePart


def _make(engine: Engine) -> Running:
    return Running(takes=[Notices(engine.store, engine.settings)])


FEATURE = Feature(
    make=_make,
    messages=messages,
    facts=facts,
    part=NoticePart,
)
