"""The settings of asks."""

from pydantic import Field

from server.settings.section import Section, days_kept, limit


class AskSettings(Section):
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
    questions_left_max: int = limit(
        100,
        1,
        10_000,
        "Open questions kept of all ended streams of a host; the least asked, oldest go first.",
    )
    questions_per_user_max: int = limit(
        5, 1, 1000, "Open questions of a room that one user was the first to ask."
    )
    question_chars_max: int = limit(200, 1, 2000, "Longest question.")
    answer_chars_max: int = limit(500, 1, 2000, "Longest answer.")
    answers_kept_max: int = limit(
        2000, 1, 100_000, "Answers kept over all rooms of a host; the oldest go first."
    )


class QuestionKeeping(Section):
    """How long questions are kept; a field of the section of the records."""

    keep_questions_days: float = days_kept(
        "Days after a room's end when the words of its questions end, and who asked them; how many "
        "there were, and what the host answered, stays"
    )
