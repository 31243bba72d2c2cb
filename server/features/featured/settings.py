"""The settings of featured slots."""

from server.settings.section import Section, days_kept, limit


class FeaturedSettings(Section):
    """What operators may put in front of everybody, and how much of it."""

    slots_at_once_max: int = limit(
        3, 1, 50, "Slots that may run at once in the feed, and as many on each topic's page."
    )
    slot_hours_max: float = limit(168, 0.1, 2160, "Hours that one slot may last.")
    host_slots_max: int = limit(
        2, 1, 1000, "Slots of one host that may begin within featured.host_days, in all places."
    )
    host_days: float = limit(7, 0.1, 365, "Days in which one host's slots are counted.")


class FeaturedKeeping(Section):
    """How long it is known who was featured; a field of the section of the records."""

    keep_featured_days: float = days_kept("Days after its end when a featured slot is removed")
