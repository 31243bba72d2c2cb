"""Comments of viewers, and their moderation."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.comments import facts, messages
from server.features.comments.comments import Comments, recent_comments_max
from server.features.comments.messages import Quoted
from server.features.comments.moderation import Moderation
from server.features.comments.pinning import Pinning
from server.features.comments.review import Review
from server.features.comments.routes import MuteRoutes
from server.features.comments.settings import CommentKeeping, CommentSettings
from server.features.comments.snapshot import CommentsPart
from server.features.rules.rules import Rules
from server.rooms.retention import Keeping


def _make(engine: Engine, circles: Circles, rules: Rules) -> Running:
    store, settings = engine.store, engine.settings

    def gathering(room_id: str) -> float:
        room = engine.open_room(room_id)
        return 1.0 if room is None else room.audience.gathering

    async def quoted(room_id: str, comment: str) -> Quoted | None:
        room = engine.open_room(room_id)
        if room is not None:
            return room.state.part(CommentsPart).quoted(comment)
        return (await engine.directory.part(room_id, CommentsPart)).quoted(comment)

    def moderates(room_id: str, user: str) -> bool:
        room = engine.open_room(room_id)
        return room is not None and user in room.state.moderators

    comments = Comments(
        store, settings, engine.metrics, rules, circles.belonging, gathering, quoted, moderates
    )
    return Running(
        it=comments,
        takes=[
            comments,
            Moderation(store, settings, engine.directory.host_of),
            Review(store, settings, comments.passed),
            Pinning(store, settings),
        ],
        routes=MuteRoutes(store).routes(),
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles", "rules"),
    messages=messages,
    facts=facts,
    settings={CommentSettings: "rooms", CommentKeeping: "records"},
    part=CommentsPart,
    load_args=lambda settings, room_id: {"recent_max": recent_comments_max(settings, room_id)},
    keys={
        "recent": "list: packed recent comments, newest first",
        "pinned_comment": "packed CommentView, while one is pinned",
        "muted": "hash user -> ms until they are muted",
        "shadow_muted": "hash user -> the same ms, for those who are not told",
        "shadowed": (
            "list: <comment>/<user> of the newest said in a shadow mute, newest first; ? in front: "
            "it was held besides"
        ),
        "spoke": "hash user -> ms of the last comment, kept in slow mode only",
        "review": "hash comment -> packed HeldComment with its role",
        "review_order": "zset: comment that waits for review by its ms",
        "said_by": "zset: <user>/<digest of a text> by the ms when they said it last",
        "crowds": "zset: digest of a text by the ms since when its users are counted",
        "crowd_users": "hash digest of a text -> how many users said it since then",
        "spoken": "zset: user by the ms of their first comment shown here",
        "passed": "zset: user by the ms when a moderator last let a held comment of theirs pass",
    },
    people={
        "muted": "<user>",
        "shadow_muted": "<user>",
        "shadowed": "<other>/<user>",
        "spoke": "<user>",
        "said_by": "<user>/<other>",
        "spoken": "<user>",
        "passed": "<user>",
    },
    keeps=[
        Keeping(
            kind="comments",
            days=lambda settings: settings.section(CommentKeeping).keep_comments_days,
            facts={
                "comment": (
                    *("comment.user", "comment.name", "comment.text"),
                    *("comment.reply.user", "comment.reply.name"),
                )
            },
            keys=(
                *("recent", "pinned_comment", "review", "review_order"),
                *("said_by", "crowds", "crowd_users", "shadowed"),
            ),
        )
    ],
)
