"""The settings of rundowns, in the section of the rooms."""

from server.settings.section import Section, limit


class RundownSettings(Section):
    """Bounds of the plan of a stream."""

    rundown_items_max: int = limit(100, 1, 500, "Items that are planned for a stream.")
