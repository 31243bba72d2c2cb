"""The settings of presence, in the section of the rooms."""

from server.settings.section import Section, limit


class PresenceSettings(Section):
    """The presence of a room."""

    presence_interval_s: float = limit(2, 0.05, 60, "How often a worker tells its viewer counts.")
    presence_stale_s: float = limit(
        10, 0.1, 600, "Age from which a worker's viewer counts are ignored."
    )
