"""What a simulated person watches over."""

from typing import Any

import pytest

from loadtest.loading import load_people, load_scenario
from loadtest.rehearsal import Rehearsal
from loadtest.wire import Frame
from loadtest.witness import Witness


@pytest.fixture
def rehearsal() -> Rehearsal:
    return Rehearsal(
        load_scenario("flash"), load_people(), url="http://127.0.0.1:1", room="r", secret="s" * 32,
        seed=1,
    )  # fmt: skip


def joined(seq: int, now: int = 10_000, **more: Any) -> dict[str, Any]:
    return {"t": "ok", "ref": 1, "epoch": "e1", "seq": seq, "now": now, **more}


def pin(seq: int) -> dict[str, Any]:
    return {"t": "pin", "sku": None, "seq": seq}


def stock(ver: int) -> dict[str, Any]:
    return {"t": "stock", "sale": "s1", "left": 1, "held": 0, "sold": 0, "ver": ver}


def comment(name: str, ts: int) -> dict[str, Any]:
    return {"t": "comment", "id": name, "user": "ann", "ts": ts}


def test_events_in_order_over_a_reconnect_are_nothing_to_speak_of(rehearsal: Rehearsal) -> None:
    witness = Witness(rehearsal, "ann", audited=False)
    witness.joined(joined(5))
    witness.event(pin(6))
    missed = witness.joined(joined(8, missed=[pin(7), pin(8)]))
    witness.event(pin(9))

    assert [message["seq"] for message in missed] == [7, 8]
    assert witness.last == {"epoch": "e1", "seq": 9}
    assert not rehearsal.tally.wrongs


@pytest.mark.parametrize(("seq", "kind"), [(8, "event_lost"), (6, "event_twice")])
def test_an_event_lost_or_told_twice_is_noticed(rehearsal: Rehearsal, seq: int, kind: str) -> None:
    witness = Witness(rehearsal, "ann", audited=False)
    witness.joined(joined(5))
    witness.event(pin(6))
    witness.event(pin(seq))

    assert list(rehearsal.tally.wrongs) == [kind]


def test_a_resume_that_leaves_something_out_is_noticed_unless_it_says_so(
    rehearsal: Rehearsal,
) -> None:
    witness = Witness(rehearsal, "ann", audited=False)
    witness.joined(joined(5))
    witness.joined(joined(8, gap=True))
    assert not rehearsal.tally.wrongs

    witness.joined(joined(11, missed=[pin(9), pin(10)]))
    assert list(rehearsal.tally.wrongs) == ["gap_after_resume"]


def test_stock_that_goes_back_is_noticed(rehearsal: Rehearsal) -> None:
    witness = Witness(rehearsal, "ann", audited=False)
    for ver in (1, 3, 3, 2):
        witness.event(stock(ver))

    assert rehearsal.tally.counts["wrong.stock_went_back"] == 1


def test_a_comment_that_never_came_is_missed_unless_it_was_told_as_left_out_or_removed(
    rehearsal: Rehearsal,
) -> None:
    said = [comment(f"c{n}", 20_000 + n) for n in range(5)]
    rehearsal.comments.add(said)
    rehearsal.comments.removed.add("c4")
    witness = Witness(rehearsal, "ann", audited=True)
    witness.joined(joined(1))
    witness.comments(said[:2])
    witness.left_out(1)
    witness.leaves(now_ms=30_000)

    assert rehearsal.tally.counts["audit.expected"] == 4
    assert rehearsal.tally.counts["audit.missing"] == 1


def test_a_frame_that_many_get_is_taken_apart_once(rehearsal: Rehearsal) -> None:
    new: list[Frame] = []
    wire = rehearsal.wires["json"]
    wire._on_new = new.append
    payload = b'[{"t":"comment","id":"c1","user":"ann","ts":1},{"t":"gap","comments":3}]'
    frames = [wire.frame(payload) for _ in range(100)]

    assert len(new) == 1
    assert all(frame is frames[0] for frame in frames)
    assert frames[0].left_out == 3


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"[1", b'{"t":"ok"}'])
def test_a_frame_that_is_none_of_this_protocol_is_refused(
    rehearsal: Rehearsal, payload: bytes
) -> None:
    with pytest.raises(ValueError, match=r"frame|liveroom"):
        rehearsal.wires["json"].frame(payload)
