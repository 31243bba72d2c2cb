"""The circles of a host: followers, users with a reservation, members of the fan group."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.circles.mine import CircleMine
from server.features.circles.settings import CommunitySettings, GroupSettings


def _make(engine: Engine) -> Running:
    circles = Circles(engine.store, engine.settings, engine.directory)
    return Running(it=circles, own=circles.own)


FEATURE = Feature(
    make=_make,
    settings={CommunitySettings: "community", GroupSettings: "groups"},
    mine=CircleMine,
    keys={
        "reserved": "hash user -> ms of the reservation",
        "members": "hash user -> packed {name, at}: who belongs to this fan group",
        "memberships": "hash user -> packed {spans}: from and to (0: still) in ms, the newest 16",
    },
    host_keys={
        "followers": "hash user -> ms since when they follow",
        "fans": "hash user -> ms of the first follow, kept when they unfollow",
        "log": "stream: facts of the host, <ms>-<n>: follow, unfollow",
    },
    people={
        "reserved": "<user>",
        "members": "<user>",
        "memberships": "<user>",
        "followers": "<user>",
        "fans": "<user>",
    },
)
