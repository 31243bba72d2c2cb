"""The settings of likes, in the section of the rooms."""

from server.settings.section import Section, limit


class LikeSettings(Section):
    """The likes of a room."""

    likes_per_command_max: int = limit(50, 1, 50, "Likes in one command.")
