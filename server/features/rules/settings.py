"""The settings of rules."""

from pydantic import Field

from server.settings.section import Section, limit


class ModerationSettings(Section):
    """What is said: words, repetitions, review, moderators."""

    words_file: str = Field(
        "",
        description="Text file with words that no room wants; empty takes the packaged one, "
        "config/blocked-words.txt.",
    )
    words_max: int = limit(1000, 1, 20_000, "Words a room may block or hold by itself.")
    server_words_max: int = limit(
        2000, 1, 20_000, "Words that an operator may block or hold on the whole server."
    )
    server_patterns_max: int = limit(
        100, 1, 1000, "Patterns that an operator may block or hold on the whole server."
    )
    review_max: int = limit(
        200, 1, 2000, "Comments that wait for a moderator; more are refused `limit_reached`."
    )
    review_per_user_max: int = limit(
        5, 1, 2000, "Comments of one user that wait; their further ones are `limit_reached`."
    )
    new_s: int = limit(
        600, 0, 86_400, "Time since their first comment in a room in which a user counts as new."
    )
    duplicate_s: float = limit(
        10, 0, 3600, "Time in which a user may not say the same again; 0 is no limit."
    )
    flood_users_max: int = limit(
        30, 0, 900, "Users who may say the same within `flood_s`; 0 is no limit."
    )
    flood_s: float = limit(10, 0.1, 3600, "Time over which the users of a flood are counted.")
    repeat_chars_min: int = limit(
        8,
        1,
        5000,
        "Letters from which a text can be a repetition; shorter ones are said by everybody.",
    )
