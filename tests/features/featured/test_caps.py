"""The caps of featured slots hold whatever is asked for, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from server.background.clock import DAY_MS
from server.features.featured.caps import Span, must_be_fair, must_find_room, must_last
from server.features.featured.settings import FeaturedSettings
from server.protocol.codes import CommandError

SETTINGS = FeaturedSettings(slots_at_once_max=2, slot_hours_max=72, host_slots_max=2, host_days=7)
wishes = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 12), st.sampled_from("ab")), max_size=30
)
"""Slots by quarters of a day: when they begin, how long they last, and whose they are."""


@given(wishes)
def test_no_order_of_wishes_passes_the_caps(wanted: list[tuple[int, int, str]]) -> None:
    taken: list[tuple[Span, str]] = []
    for begins, lasts, host in wanted:
        span = Span(begins * DAY_MS // 4, (begins + lasts) * DAY_MS // 4)
        try:
            must_last(span, SETTINGS, 0)
            must_find_room(span, [each for each, _ in taken], SETTINGS)
            must_be_fair(span, [each for each, of in taken if of == host], SETTINGS)
        except CommandError:
            continue
        taken.append((span, host))
    for quarter in range(60):
        at = quarter * DAY_MS // 4
        assert sum(span.starts <= at < span.ends for span, _ in taken) <= 2
        for host in "ab":
            begun = [s.starts for s, of in taken if of == host and at <= s.starts < at + 7 * DAY_MS]
            assert len(begun) <= 2
