"""The settings of moderators."""

from server.settings.section import Section, limit


class ModeratorSettings(Section):
    """Bounds of the moderators of a room."""

    moderators_max: int = limit(50, 1, 10_000, "Moderators a host may make in one room.")
