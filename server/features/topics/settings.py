"""The settings of topics."""

from server.settings.section import Section, limit


class TopicSettings(Section):
    """The pages that show rooms and notes under one theme."""

    topics_max: int = limit(
        200, 1, 10_000, "Topics there may be; another one is refused until one is taken away."
    )
    things_max: int = limit(60, 1, 500, "Rooms and notes of one topic.")
