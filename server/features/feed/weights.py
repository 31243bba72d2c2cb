"""The published weights of the feed: what speaks for an item, and how much."""

from server.settings.section import Section, limit


def _weight(default: float, what: str) -> float:
    weight: float = limit(default, 0, 100, f"What counts in the feed: {what}.")
    return weight


class FeedWeights(Section):
    """Fields of the section of the feed. A score is the sum of its parts, each from 0 to 1, times
    these."""

    weight_follow: float = _weight(0.3, "that the person follows the host")
    weight_again: float = _weight(
        7.2, "how often and how lately the person was at this host before"
    )
    weight_bought: float = _weight(1.9, "that the person bought from this host")
    weight_near: float = _weight(1.4, "that people with the same history chose it")
    weight_tag: float = _weight(1.9, "that its tags are those of what the person chose before")
    weight_popular: float = _weight(0.55, "how many people choose it now")
    weight_fresh: float = _weight(2.3, "how new it is")
    weight_seen: float = _weight(0.3, "taken off for each time the person did not open it")
    memory_days: float = limit(
        14, 1, 365, "Days after which what somebody did counts half in the feed."
    )
    fresh_hours: float = limit(24, 1, 720, "Hours after which the newness of an item counts half.")
