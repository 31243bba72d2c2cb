"""The archive takes what rooms leave of a worker, and never stands still for long."""

import pytest

from server.features.archive.pace import (
    BATCH_BYTES_BUSY,
    BATCH_BYTES_IDLE,
    BUSY_SHARE,
    IDLE_SHARE,
    PAUSE_S_MAX,
    Pace,
)

WORKED_S = 0.02


def share_beside(rooms: float, batches: int = 20) -> float:
    """The part of the time that the archive works beside rooms that use so much of a core."""
    return paced_beside(rooms, batches)[0]


def paced_beside(rooms: float, batches: int = 20) -> tuple[float, int]:
    """The same, and the bytes of a batch."""
    now = cpu = 0.0
    pace = Pace(lambda: now, lambda: cpu)
    pause = 0.0
    for _ in range(batches):
        pace.begin()
        now, cpu = now + WORKED_S, cpu + WORKED_S
        pause = pace.pause_s()
        now, cpu = now + pause, cpu + pause * rooms
    return WORKED_S / (WORKED_S + pause), pace.batch_bytes


def test_it_takes_nearly_all_of_an_idle_worker_and_little_of_a_busy_one() -> None:
    assert share_beside(0.0) == pytest.approx(IDLE_SHARE * 0.9, rel=0.15)
    for rooms in (0.4, 0.7, 1.0):
        assert share_beside(rooms) == pytest.approx(BUSY_SHARE, rel=0.1)


def test_it_takes_less_the_more_rooms_use() -> None:
    shares = [share_beside(n / 20) for n in range(9)]
    assert shares == sorted(shares, reverse=True)
    assert len(set(shares)) > 5


def test_it_copies_little_at_once_in_a_busy_worker() -> None:
    assert paced_beside(0.0)[1] == pytest.approx(BATCH_BYTES_IDLE, rel=0.15)
    assert paced_beside(0.7)[1] == BATCH_BYTES_BUSY


def test_one_slow_batch_stops_it_for_a_second_at_most() -> None:
    now = cpu = 0.0
    pace = Pace(lambda: now, lambda: cpu)
    for _ in range(20):
        pace.begin()
        now, cpu = now + 60, cpu + 1
        pause = pace.pause_s()
        assert pause <= PAUSE_S_MAX
        now, cpu = now + pause, cpu + pause
