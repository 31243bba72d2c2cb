"""Comments of viewers, and their moderation."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.comments import messages
from server.features.comments.comments import Comments, recent_comments_max
from server.features.comments.moderation import Moderation
from server.features.comments.review import Review
from server.features.comments.settings import CommentSettings
from server.features.comments.snapshot import CommentsPart
from server.features.rules.rules import Rules


def _make(engine: Engine, circles: Circles, rules: Rules) -> Running:
    store, settings = engine.store, engine.settings
    comments = Comments(store, settings, engine.metrics, rules, circles.belonging)
    return Running(
        it=comments,
        takes=[
            comments,
            Moderation(store, settings, engine.directory.host_of),
            Review(store, settings, comments.passed),
        ],
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles", "rules"),
    messages=messages,
    settings={CommentSettings: "rooms"},
    part=CommentsPart,
    load_args=lambda settings, room_id: {"recent_max": recent_comments_max(settings, room_id)},
    keys={
        "recent": "list: packed recent comments, newest first",
        "muted": "hash user -> until (ms), half a ms more for a shadow mute",
        "shadowed": "list: <comment>/<user> of the newest said in a shadow mute, newest first",
        "spoke": "hash user -> ms of the last comment, kept in slow mode only",
        "review": "hash comment -> packed HeldComment with its role",
        "review_order": "zset: comment that waits for review by its ms",
        "said": (
            "zset <user>/<digest> and \1/<digest> by ms * 1000, the latter + users: said lately"
        ),
        "spoken": (
            "zset: user by the ms of their first comment shown here, .5 more once one was passed"
        ),
    },
)
