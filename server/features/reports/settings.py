"""The settings of reports."""

from server.settings.section import DAYS_MAX, Section, limit


class ReportSettings(Section):
    """What viewers report to the operator, and to hosts and moderators."""

    per_user_a_day_max: int = limit(
        50, 0, 10_000, "Reports of one user in a day; 0: none is taken."
    )
    per_thing_max: int = limit(
        1000, 1, 100_000, "Reports that are kept and counted of one thing; more change nothing."
    )
    text_chars_max: int = limit(300, 1, 1000, "Characters of what is written with a report.")


class ReportKeeping(Section):
    """How long settled reports are kept; a field of the section of the records."""

    keep_reports_days: float = limit(
        365, 0, DAYS_MAX, "Days after which a settled report is removed; 0 is for ever."
    )
