"""The settings of visits."""

from server.settings.section import Section, limit


class VisitSettings(Section):
    """Who came and left."""

    visits_interval_s: float = limit(
        10, 0.05, 600, "How often a worker writes who came and left, and that it lives."
    )
