"""The settings of figures."""

from server.settings.section import Section, limit


class FigureSettings(Section):
    """The numbers a host steers by."""

    fresh_s: float = limit(1, 0, 60, "Age up to which a room's figures are given again.")
    compare_s: float = limit(
        60, 0, 3600, "Age up to which what is known of a host's other rooms is used again."
    )
    rooms_max: int = limit(16, 1, 1000, "Rooms of which a worker keeps what it has added up.")
    idle_s: float = limit(300, 1, 86_400, "Time nobody asks for a room, and it is forgotten.")
