"""The settings of comments, in the section of the rooms."""

from server.settings.section import Section, days_kept, limit


class CommentSettings(Section):
    """The comments of a room."""

    comment_chars_max: int = limit(200, 1, 5000, "Longest comment.")
    comments_per_user_per_s: float = limit(
        1.0, 0.01, 1000, "Comments of a user on one worker, on average."
    )
    comments_burst: int = limit(5, 1, 1000, "Comments a user may send at once, to one worker.")
    recent_comments_max: int = limit(50, 0, 1000, "Comments shown to a viewer who joins.")
    mute_s_max: int = limit(2_592_000, 1, 31_536_000, "Longest mute.")
    slow_s_max: int = limit(600, 1, 86_400, "Longest slow mode: time between two comments.")


class CommentKeeping(Section):
    """How long comments are kept; a field of the section of the records."""

    keep_comments_days: float = days_kept(
        "Days after a room's end when its comments end, in its replay, too"
    )
