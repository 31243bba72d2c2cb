"""The settings of reviews."""

from server.settings.section import Section, limit


class ReviewSettings(Section):
    """Bounds of the reviews that buyers write."""

    write_s: int = limit(
        15_552_000,
        0,
        315_360_000,
        "Time from the payment in which a line can be reviewed; 0: never.",
    )
    edit_s: int = limit(
        2_592_000, 0, 315_360_000, "Time from its writing in which a review can be changed."
    )
    text_chars_max: int = limit(1000, 1, 10_000, "Characters of a review, and of its answer.")
