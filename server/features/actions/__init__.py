"""The log of what hosts, moderators and operators did: of a room, and over all rooms."""

from server.feature import Engine, Feature, Running
from server.features.actions.actions import Actions
from server.features.actions.moderation_log import (
    Logging,
    ModerationLog,
    delete_actions,
    forget_actions,
)
from server.features.actions.projection import ModerationProjection
from server.features.actions.routes import ActionRoutes, LogRoutes


def _make(engine: Engine) -> Running:
    logging = Logging(engine.store, engine.records)
    log = LogRoutes(ModerationLog(engine.records), logging)
    return Running(
        routes=[*ActionRoutes(Actions(engine.store)).routes(), *log.routes()],
        tasks=[logging],
        projections=[ModerationProjection(engine.facts.moderating)],
        forgets_user=[forget_actions],
        deletes=[delete_actions],
    )


FEATURE = Feature(
    make=_make,
)
