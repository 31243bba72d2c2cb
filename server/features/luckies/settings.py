"""The settings of luckies."""

from server.settings.section import Section, limit


class LuckySettings(Section):
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
