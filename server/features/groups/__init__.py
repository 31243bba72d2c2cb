"""Fan groups."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.groups import facts, messages
from server.features.groups.groups import Groups
from server.features.groups.routes import HostRoutes
from server.features.groups.snapshot import GroupPart
from server.features.orders.orders import Orders


def _make(engine: Engine, circles: Circles, orders: Orders) -> Running:
    groups = Groups(
        engine.store, engine.settings, engine.directory, circles.hosts, orders, engine.open_room,
        circles.changed,
    )  # fmt: skip
    return Running(
        it=groups,
        takes=[groups],
        routes=HostRoutes(circles.hosts, groups).routes(),
        closes=[groups.aclose],
        gates=[groups.gate],
        founder=groups,
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles", "orders"),
    reads=("figures",),
    messages=messages,
    facts=facts,
    part=GroupPart,
)
