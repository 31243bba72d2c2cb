"""The settings of visits."""

from server.settings.section import Section, limit


class VisitSettings(Section):
    """Settings of visits: how it is kept who came and left."""

    visits_interval_s: float = limit(
        10, 0.05, 600, "How often a worker writes who came and left, and that it lives."
    )
