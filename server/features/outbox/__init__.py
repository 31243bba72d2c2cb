"""Tells other systems of every change of orders, stock and payments."""

from server.feature import Engine, Feature, Running
from server.features.outbox.outbox import Outbox
from server.features.outbox.post import HttpPost
from server.features.outbox.settings import OutboxSettings


def _make(engine: Engine) -> Running:
    post = HttpPost(engine.settings.section(OutboxSettings).timeout_s)
    outbox = Outbox(engine.store, engine.settings, engine.worker_id, post)
    return Running(it=outbox, tasks=[post, outbox])


FEATURE = Feature(
    make=_make,
    reads=("ledger",),
    settings={OutboxSettings: "outbox"},
    keys={
        "dead_letters": "hash place in the ledger -> packed DeadLetter of the outbox",
    },
)
