"""Limits and choices of the community: polls, draws, groups, asks, moderation, figures."""

from pydantic import Field

from server.settings.section import Section, limit


class Polls(Section):
    """The room's choices."""

    polls_max: int = limit(200, 1, 10_000, "Polls in one room.")
    question_chars_max: int = limit(100, 1, 200, "Longest question of a poll.")
    option_chars_max: int = limit(40, 1, 200, "Longest option of a poll.")
    batch_max: int = limit(200, 1, 1000, "Votes sent to Redis in one call.")
    batch_waiting_max: int = limit(
        50_000, 1, 1_000_000, "Votes waiting on a worker; more are answered `unavailable`."
    )


class Luckies(Section):
    """Lucky draws."""

    luckies_max: int = limit(200, 1, 10_000, "Lucky draws in one room.")
    title_chars_max: int = limit(60, 1, 200, "Longest title of a lucky draw.")
    entrants_max: int = limit(
        100_000, 1, 200_000, "Entrants of one lucky draw. They are drawn in one step of Redis."
    )
    batch_max: int = limit(200, 1, 1000, "Entries sent to Redis in one call.")
    batch_waiting_max: int = limit(
        50_000, 1, 1_000_000, "Entries waiting on a worker; more are answered `unavailable`."
    )


class Community(Section):
    """Who follows a host, who reserved a place, and how they hear of a start."""

    fans_max: int = limit(
        5_000_000, 1, 100_000_000, "People who follow a host or ever did; no more can follow."
    )
    host_log_len_max: int = limit(
        1_000_000, 100, 100_000_000, "Changes of who follows a host that are kept."
    )
    reserved_max: int = limit(1_000_000, 1, 100_000_000, "Reservations of one room.")
    batch_max: int = limit(200, 1, 1000, "Follows, or reservations, sent to Redis in one call.")
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Of these waiting on a worker; more are answered `unavailable`."
    )
    changes_per_user_per_s: float = limit(
        0.2,
        0.001,
        1000,
        "How often a user may follow or unfollow on average, over all rooms of a worker; likewise "
        "reserve or give up, and join or leave a fan group.",
    )
    changes_burst: int = limit(10, 1, 100_000, "Such changes of one kind a user may make at once.")
    announce_page_users_max: int = limit(
        500, 1, 5000, "Users in one line of the ledger that announces a start."
    )
    announce_repeats: int = limit(
        5, 1, 100, "How often workers are signalled that a room went live."
    )
    announce_repeat_s: float = limit(3, 0.05, 60, "Time between two such signals.")


class Groups(Section):
    """Fan groups."""

    members_max: int = limit(50_000, 1, 1_000_000, "Members of one fan group.")
    recent_comments_max: int = limit(
        200, 0, 1000, "Comments of a fan group shown to a member who joins."
    )


class Asks(Section):
    """Who asks for the link, and questions."""

    rules_file: str = Field(
        "",
        description="TOML file with the phrases that ask; empty takes the packaged one, "
        "config/intents.toml.",
    )
    count_again_s: int = limit(
        60, 0, 86_400, "Time in which a user who asks again for the same product counts once."
    )
    batch_interval_ms: float = limit(
        300,
        1,
        10_000,
        "Time over which a worker gathers what the host is told: a room's asks, and its queue.",
    )
    batch_waiting_max: int = limit(
        20_000, 1, 1_000_000, "Asks waiting on a worker, and likewise questions; more are left out."
    )
    asked_max: int = limit(
        200_000,
        1,
        10_000_000,
        "Users and products remembered as counted lately in a room; at more all are forgotten.",
    )
    questions_open_max: int = limit(
        50, 1, 1000, "Open questions of a room; the least asked, oldest one makes room for a new."
    )
    questions_per_user_max: int = limit(
        5, 1, 1000, "Open questions of a room that one user was the first to ask."
    )
    question_chars_max: int = limit(200, 1, 2000, "Longest question.")
    answer_chars_max: int = limit(500, 1, 2000, "Longest answer.")
    answers_kept_max: int = limit(
        2000, 1, 100_000, "Answers kept over all rooms of a host; the oldest go first."
    )


class Moderation(Section):
    """What is said: words, repetitions, review, moderators."""

    words_file: str = Field(
        "",
        description="Text file with words that no room wants; empty takes the packaged one, "
        "config/blocked-words.txt.",
    )
    words_max: int = limit(1000, 1, 20_000, "Words a room may block or hold by itself.")
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
    moderators_max: int = limit(50, 1, 10_000, "Moderators a host may make in one room.")


class Figures(Section):
    """The numbers a host steers by."""

    visits_interval_s: float = limit(
        10, 0.05, 600, "How often a worker writes who came and left, and that it lives."
    )
    fresh_s: float = limit(1, 0, 60, "Age up to which a room's figures are given again.")
    compare_s: float = limit(
        60, 0, 3600, "Age up to which what is known of a host's other rooms is used again."
    )
    rooms_max: int = limit(16, 1, 1000, "Rooms of which a worker keeps what it has added up.")
    idle_s: float = limit(300, 1, 86_400, "Time nobody asks for a room, and it is forgotten.")
