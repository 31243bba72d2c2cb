"""Plans when the items of a rundown start. Pure."""

from collections.abc import Sequence

from msgspec import structs

from server.features.rundown.messages import RundownItem

FAR_MS = 2 * 3_600_000
"""A start so far from what was scheduled is another start: the plan counts from it."""


def start_of(scheduled: int, started: int) -> int:
    """From when a plan counts (Unix ms): the scheduled start, so that a late one is seen to be
    late; 0 if nothing says."""
    if scheduled and started and abs(started - scheduled) > FAR_MS:
        return started
    return scheduled or started


def with_times(items: Sequence[RundownItem], start: int) -> list[RundownItem]:
    """Return the items with `planned`: at their own time, else when those before are over.

    What stands after an item of unknown length starts with it, as far as anybody knows.
    """
    planned, at = [], start
    for item in items:
        at = item.at or at
        planned.append(structs.replace(item, planned=at))
        at = at + item.lasts_s * 1000 if at else 0
    return planned


def moved_by(items: Sequence[RundownItem], shift: int | None) -> list[RundownItem]:
    """Return the items for another stream: nothing is done, and fixed times are `shift` ms later;
    None: there are none any more."""
    return [
        structs.replace(
            item, done=0, planned=0, at=item.at + shift if item.at and shift is not None else 0
        )
        for item in items
    ]
