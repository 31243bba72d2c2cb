"""The settings of notes."""

from server.settings.section import DAYS_MAX, Section, limit


class NoteSettings(Section):
    """What people write about goods and rooms, and what others do with it."""

    title_chars_max: int = limit(100, 1, 1000, "Characters of a note's title.")
    text_chars_max: int = limit(1000, 1, 10_000, "Characters of a note's text.")
    pictures_max: int = limit(18, 0, 18, "Pictures of a note.")
    tags_max: int = limit(10, 0, 30, "Tags of a note.")
    tag_chars_max: int = limit(30, 1, 100, "Characters of a tag.")
    goods_max: int = limit(9, 0, 50, "Goods that a note links.")
    rooms_max: int = limit(5, 0, 20, "Rooms that a note links.")
    per_user_max: int = limit(5000, 1, 1_000_000, "Notes of one author, drafts included.")
    writes_per_user_per_s: float = limit(
        0.5, 0.001, 1000, "How often a user may write or change notes in the long run."
    )
    writes_burst: int = limit(20, 1, 10_000, "Such changes that a user may make at once.")
    marks_per_user_per_s: float = limit(
        2, 0.001, 1000, "How often a user may like, collect or take it back, in the long run."
    )
    marks_burst: int = limit(40, 1, 10_000, "Such changes that a user may make at once.")
    comment_chars_max: int = limit(500, 1, 2000, "Characters of a comment on a note.")
    comments_per_user_per_s: float = limit(
        0.2, 0.001, 1000, "How often a user may comment on notes in the long run."
    )
    comments_burst: int = limit(5, 1, 1000, "Comments that a user may write at once.")
    open_again_s: float = limit(
        600, 0, 86_400, "Time in which a person who opens a note again is not counted again."
    )


class NoteKeeping(Section):
    """How long it is kept who did what with notes; a field of the section of the records."""

    keep_note_acts_days: float = limit(
        0, 0, DAYS_MAX,
        "Days after which it is removed who opened, liked, collected and asked about notes; "
        "0 is for ever.",
    )  # fmt: skip
