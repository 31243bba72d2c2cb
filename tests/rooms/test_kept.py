"""What a worker keeps for those who return, and how much of it one of them is sent."""

from server.features.custom_events.messages import CustomEvent
from server.protocol.codec import Encoding
from server.protocol.joining import Last
from server.rooms.kept import MISSED_BYTES_MAX, KeptEvents
from server.store.bus import Say

DATA = "x" * 4096
FIT = MISSED_BYTES_MAX // 4300


def kept(count: int) -> KeptEvents:
    """A room whose shop told so many large events."""
    events = KeptEvents(500)
    for seq in range(1, count + 1):
        events.add(Say(seq, 0, "", CustomEvent(seq=seq, name="goal", data=DATA)))
    return events


def test_who_missed_little_is_sent_it_in_order() -> None:
    missed, gap = kept(500).missed(Last("e", 500 - FIT), "e", 500, Encoding.JSON)
    assert missed is not None
    assert (len(missed), gap) == (FIT, False)
    assert [bytes(raw).find(b'"seq":' + str(500 - FIT + n).encode()) > 0
            for n, raw in enumerate(missed, 1)] == [True] * FIT  # fmt: skip


def test_who_missed_more_than_can_be_sent_to_everybody_is_told_of_a_gap() -> None:
    """One join with an old `last` was answered with two megabytes."""
    assert kept(500).missed(Last("e", 1), "e", 500, Encoding.JSON) == (None, True)
