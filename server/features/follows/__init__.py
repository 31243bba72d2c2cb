"""Following a host, reserving a place, and hearing of a start."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.follows import facts, ledger_lines, messages
from server.features.follows.announcing import Announcer
from server.features.follows.following import Following
from server.features.follows.news import News
from server.features.follows.routes import FollowRoutes
from server.features.follows.snapshot import FollowsPart
from server.rooms.sweeper import Due


def _make(engine: Engine, circles: Circles) -> Running:
    store, settings = engine.store, engine.settings
    following = Following(
        store, settings, circles.hosts, engine.directory.host_of, engine.metrics, circles.changed
    )
    announcer = Announcer(store, settings, following.refresh)
    return Running(
        it=announcer,
        takes=[following],
        tasks=[News(store, engine.bus, settings, engine.open_rooms), announcer],
        due=[Due(key="announcing", work=announcer.begin)],
        founder=circles.follower_count,
        routes=FollowRoutes(store).routes(),
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles",),
    reads=("ledger",),
    messages=messages,
    ledger_lines=ledger_lines,
    facts=facts,
    part=FollowsPart,
    keys={
        "announcing": "zset: steps of announcing the start that are left, by the ms they are due",
        "called_off": (
            "hash user -> ms of the reservation: who had a place when the room was cancelled, "
            "until all are told"
        ),
    },
    people={"called_off": "<user>"},
)
