"""The settings of custom events."""

from server.settings.section import Section, limit


class CustomEventSettings(Section):
    """Custom events of a room, which the shop's system sends."""

    data_bytes_max: int = limit(4096, 2, 8192, "Largest `data` of a custom event, as JSON.")
    per_s: float = limit(
        20, 0.01, 10_000, "Custom events of a room that one worker takes, a second on average."
    )
    burst: int = limit(100, 1, 100_000, "Custom events of a room that one worker takes at once.")
    values_max: int = limit(
        100, 1, 1000, "Values (by name and item) that a room can have, those taken away too."
    )
    values_bytes_max: int = limit(
        65_536, 2, 1_048_576, "All values of a room together, as JSON: each newcomer is sent them."
    )
