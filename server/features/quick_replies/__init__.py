"""Quick replies: what a host answers again and again."""

from server.feature import Engine, Feature, Running
from server.features.quick_replies import messages
from server.features.quick_replies.quick_replies import QuickReplies
from server.features.quick_replies.routes import QuickReplyRoutes


def _make(engine: Engine) -> Running:
    return Running(
        takes=[QuickReplies(engine.store, engine.directory.host_of)],
        routes=QuickReplyRoutes(engine.dispatch).routes(),
    )


FEATURE = Feature(
    make=_make,
    messages=messages,
    host_keys={"quick_replies": "hash reply -> packed {reply text n}: answers the host saved"},
)
