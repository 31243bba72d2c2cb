"""The settings of allotments."""

from server.settings.section import Section, limit


class AllotmentSettings(Section):
    """Units that merchants grant to hosts."""

    open_max: int = limit(
        10_000, 1, 1_000_000, "Allotments of a merchant that have not come to their end."
    )
    days_max: int = limit(366, 1, 3660, "Days until which units can be granted at most.")
    asked_days: int = limit(
        30,
        1,
        3660,
        "Days for which units are granted that a host asked for, if the answer names no end.",
    )
    settle_interval_s: float = limit(
        15, 0.05, 3600, "How often ended allotments and lost transfers are looked for."
    )
    settle_after_s: float = limit(
        30,
        0,
        3600,
        "Time after which a room is asked about units that were sent to it and that it has not "
        "taken.",
    )
