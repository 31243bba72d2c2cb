"""Custom events: what a shop's own system tells the viewers of a room."""

from server.feature import Engine, Feature, Running
from server.features.custom_events import facts, messages
from server.features.custom_events.custom_events import CustomEvents
from server.features.custom_events.routes import CustomEventRoutes
from server.features.custom_events.settings import CustomEventSettings
from server.features.custom_events.snapshot import CustomValuesPart


def _make(engine: Engine) -> Running:
    events = CustomEvents(engine.store, engine.settings)
    return Running(takes=[events], routes=CustomEventRoutes(engine.dispatch).routes())


FEATURE = Feature(
    make=_make,
    scope="events",
    messages=messages,
    facts=facts,
    settings={CustomEventSettings: "events"},
    part=CustomValuesPart,
    keys={
        "custom_values": (
            "hash name/item -> packed {name, item, ver, at, json?}, without json once it is "
            "taken away; ver -> integer, the newest one; bytes -> how many all json has"
        ),
    },
)
