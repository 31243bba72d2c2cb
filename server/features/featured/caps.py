"""Bounds what may be featured: how much at once, for how long, and how often one host."""

from collections.abc import Collection
from typing import NamedTuple

from server.background.clock import DAY_MS
from server.features.featured.settings import FeaturedSettings
from server.protocol.codes import CommandError

_HOUR_MS = 3_600_000


class Span(NamedTuple):
    """The time of a slot, from `starts` to before `ends` (Unix ms)."""

    starts: int
    ends: int


def must_last(span: Span, settings: FeaturedSettings, now: int) -> None:
    """Refuse a slot that is over already, or lasts too long. Raises CommandError."""
    if span.ends <= max(span.starts, now):
        raise CommandError("bad_message", "`ends` must come after `starts`, and after now.")
    if span.ends - span.starts > settings.slot_hours_max * _HOUR_MS:
        raise CommandError(
            "conflict", f"A slot can last {settings.slot_hours_max:g} hours; end it earlier."
        )


def must_find_room(span: Span, others: Collection[Span], settings: FeaturedSettings) -> None:
    """Refuse a slot in whose time the place is full. Raises CommandError.

    `others` are the slots of the same place.
    """
    within = [other for other in others if other.starts < span.ends and other.ends > span.starts]
    # The most run at once when one of them begins.
    for at in {span.starts, *(max(span.starts, other.starts) for other in within)}:
        running = sum(other.starts <= at < other.ends for other in within)
        if running >= settings.slots_at_once_max:
            raise CommandError(
                "conflict",
                f"{running} slots run at once in that time, and no more can here; choose another "
                "time, or end one of them.",
            )


def must_be_fair(span: Span, others: Collection[Span], settings: FeaturedSettings) -> None:
    """Refuse a slot of a host who would have too many within the days that count. Raises
    CommandError.

    `others` are the slots of the same host, in all places.
    """
    days_ms = int(settings.host_days * DAY_MS)
    begins = sorted([span.starts, *(other.starts for other in others)])
    most = settings.host_slots_max
    for first, last in zip(begins, begins[most:], strict=False):
        if last - first < days_ms and first <= span.starts <= last:
            raise CommandError(
                "conflict",
                f"This host would have {most + 1} slots within {settings.host_days:g} days, and "
                f"{most} is fair to the others; choose another time.",
            )
