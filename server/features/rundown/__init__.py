"""The rundown: what host and assistants plan for a stream."""

from server.feature import Engine, Feature, Running
from server.features.rundown import messages
from server.features.rundown.carrying import CarryingOver
from server.features.rundown.routes import RundownRoutes
from server.features.rundown.rundown import Rundowns
from server.features.rundown.settings import RundownSettings


def _make(engine: Engine) -> Running:
    rundowns = Rundowns(engine.store, engine.settings, engine.dispatch.run_command)
    return Running(
        takes=[rundowns],
        routes=RundownRoutes(engine.dispatch).routes(),
        founder=CarryingOver(rundowns),
    )


FEATURE = Feature(
    make=_make,
    reads=("auctions", "coupons", "luckies", "polls", "sales", "shelf"),
    messages=messages,
    settings={RundownSettings: "rooms"},
    keys={
        "rundown": (
            "hash item -> packed {item kind title does(JSON) at lasts_s done press?}; order -> the "
            "items, joined by commas; ver -> integer"
        ),
    },
)
