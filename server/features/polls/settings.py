"""The settings of polls."""

from server.settings.section import Section, limit


class PollSettings(Section):
    """The room's choices."""

    polls_max: int = limit(200, 1, 10_000, "Polls in one room.")
    question_chars_max: int = limit(100, 1, 200, "Longest question of a poll.")
    option_chars_max: int = limit(40, 1, 200, "Longest option of a poll.")
    batch_max: int = limit(200, 1, 1000, "Votes sent to Redis in one call.")
    batch_waiting_max: int = limit(
        50_000, 1, 1_000_000, "Votes waiting on a worker; more are answered `unavailable`."
    )
