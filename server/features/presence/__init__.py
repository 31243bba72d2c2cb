"""Counts how many are here, over all workers."""

from server.feature import Engine, Feature, Running
from server.features.presence import messages
from server.features.presence.presence import Presence
from server.features.presence.settings import PresenceSettings
from server.features.presence.snapshot import PresencePart


def _make(engine: Engine) -> Running:
    presence = Presence(engine.store, engine.settings, engine.worker_id, engine.open_rooms)
    return Running(it=presence, tasks=[presence], stays=[presence.stays])


FEATURE = Feature(
    make=_make,
    messages=messages,
    settings={PresenceSettings: "rooms"},
    part=PresencePart,
    keys={
        "presence": "hash worker -> packed {n, at}",
        "viewers": "HyperLogLog of viewers seen",
    },
)
