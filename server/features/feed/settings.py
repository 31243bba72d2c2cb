"""The settings of the feed, and how long what it keeps is kept."""

from server.settings.section import DAYS_MAX, Section, limit


class FeedSettings(Section):
    """Live rooms and notes for a person, on the first page."""

    refresh_s: float = limit(
        1, 0.05, 60, "How often a worker reads what is new in the records for the feed."
    )
    notes_max: int = limit(
        100_000, 100, 1_000_000, "Newest notes that a worker remembers; older ones are in no feed."
    )
    acts_max: int = limit(
        200_000,
        100,
        10_000_000,
        "Newest acts in rooms, and as many on notes, that a worker reads when it starts.",
    )
    people_max: int = limit(
        10_000, 10, 1_000_000, "People whose history a worker remembers; others are read again."
    )
    person_kept_s: float = limit(
        600, 1, 86_400, "How long a person's history is remembered before it is read again."
    )
    history_max: int = limit(300, 5, 1000, "Newest acts of a person by which their feed is chosen.")
    candidates_max: int = limit(
        250, 50, 5000, "Rooms and notes among which a page of the feed is chosen."
    )
    rows_max: int = limit(
        300, 20, 300, "Rows of a person's feed from the first page to the last one."
    )
    seen_times_max: int = limit(
        3, 1, 100, "How often a note is shown to a person who does not open it; then it rests."
    )
    seen_rest_days: float = limit(7, 0, 365, "How long such a note rests.")
    newcomer_impressions: int = limit(
        100,
        0,
        100_000,
        "Impressions that a new host or note is promised in its first day; 0: none.",
    )
    newcomer_window_h: float = limit(24, 1, 720, "How long that first day is, in hours.")
    newcomers_percent_max: int = limit(
        20, 0, 20, "The most rows of a person's feed that newcomers get, in percent."
    )
    less_max: int = limit(
        200, 1, 5000, "Hosts, tags and notes of which a person can want to see less."
    )

    window_rows: int = limit(
        10, 1, 50, "Rows, one after the other, among which hosts and tags are bounded."
    )
    window_host_max: int = limit(2, 1, 50, "Rows of one host among these.")
    window_tag_max: int = limit(5, 1, 50, "Rows of one tag among these.")

    @property
    def newcomer_window_ms(self) -> int:
        """The first day of a newcomer, in ms."""
        return int(self.newcomer_window_h * 3_600_000)


class FeedKeeping(Section):
    """How long what the feed is made of is kept; fields of the section of the records."""

    keep_feed_acts_days: float = limit(
        90, 0, DAYS_MAX, "Days after which acts in rooms no longer count for the feed; 0 is never."
    )
    keep_feed_seen_days: float = limit(
        30, 0, DAYS_MAX, "Days after which what a person was shown is removed; 0 is for ever."
    )
    keep_exposure_days: float = limit(
        400,
        0,
        DAYS_MAX,
        "Days after which the exposure of hosts and notes, and what newcomers were promised, "
        "ends; 0 is for ever.",
    )
