"""Rounds: polls and lucky draws, which end by themselves."""

from server.feature import Engine, Feature, Running
from server.rooms.sweeper import Due


def _make(_: Engine) -> Running:
    return Running(due=[Due(key="ends", script="rounds.end")])


FEATURE = Feature(
    make=_make,
    keys={
        "ends": "zset: open poll or lucky draw by the ms it ends",
        "newest": "hash poll, lucky, auction -> the newest of them",
    },
)
