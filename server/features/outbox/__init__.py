"""Tells other systems of every change of orders, stock and payments."""

from server.feature import Engine, Feature, Running
from server.features.outbox.letters import OldLetters
from server.features.outbox.outbox import Outbox
from server.features.outbox.post import HttpPost
from server.features.outbox.routes import OutboxRoutes
from server.features.outbox.settings import LetterKeeping, OutboxSettings
from server.rooms.retention import Removal


def _make(engine: Engine) -> Running:
    limits = engine.settings.section(OutboxSettings)
    post = HttpPost(limits.timeout_s, limits.rooms_at_once)
    outbox = Outbox(engine.store, engine.settings, engine.worker_id, post, engine.metrics)
    old = OldLetters(engine.store)
    days = engine.settings.section(LetterKeeping).keep_dead_letters_days
    return Running(
        it=outbox,
        tasks=[post, outbox],
        routes=OutboxRoutes(engine.store).routes(),
        removals=[Removal(kind="dead_letters", days=days, due=old.count, remove=old.remove)],
    )


FEATURE = Feature(
    make=_make,
    reads=("ledger",),
    settings={OutboxSettings: "outbox", LetterKeeping: "records"},
    pending_args=lambda settings: {"tells": bool(settings.section(OutboxSettings).url)},
    keys={
        "outbox": "hash: how far the ledger is told, by whom, and what failed; see `_outbox.lua`",
        "outbox_replays": "zset place in the ledger -> number: dead letters to be told again",
        "dead_letters": "hash place in the ledger -> packed DeadLetter of the outbox",
    },
)
