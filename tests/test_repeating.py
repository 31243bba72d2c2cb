"""What is done again and again goes on, whatever it raises; what is done once is not lost."""

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest

from server.background.repeating import Errands, Repeating
from server.background.troubles import (
    CAUSES_MAX,
    FAILURES,
    SAY_AGAIN_S,
    SUBJECTS_NAMED_MAX,
    Troubles,
)

QUICK = (0.001, 0.002)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Counts its times; `does[n]` is what it does the nth time, the last for ever."""

    def __init__(self, *does: Callable[[], object]) -> None:
        self.does = does
        self.times = 0
        self.changed = asyncio.Condition()

    async def __call__(self) -> None:
        async with self.changed:
            does = self.does[min(self.times, len(self.does) - 1)]
            self.times += 1
            self.changed.notify_all()
        does()

    async def done(self, times: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: self.times >= times)


def nothing() -> None:
    """The work goes well."""


def fail(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def counted(task: str) -> float:
    return float(FAILURES.labels(task)._value.get())


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What is logged while the test runs."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[assignment]  # it takes any name
    logging.getLogger("server").addHandler(handler)
    yield records
    logging.getLogger("server").removeHandler(handler)


# Loops


async def test_an_exception_in_a_loop_is_logged_and_counted_and_the_loop_goes_on(
    logged: list[logging.LogRecord],
) -> None:
    before = counted("t1")
    work = Work(fail(ValueError("no such thing 17")), fail(ValueError("no such thing 18")), nothing)
    loop = Repeating("t1", work, back_off_s=QUICK)
    loop.start()
    await work.done(4)
    await loop.stop()

    assert counted("t1") == before + 2
    failed, works = logged
    assert failed.getMessage() == (
        "The task `t1` failed and is tried again: ValueError: no such thing 17."
    )
    assert failed.exc_info is not None
    assert works.getMessage() == "The task `t1` works again after 2 failures in a row."


async def test_a_metric_is_there_before_anything_failed() -> None:
    Repeating("t-zero", Work(nothing))
    Errands("t-zero-errand")
    (metric,) = FAILURES.collect()
    shown = {s.labels["task"]: s.value for s in metric.samples if s.name.endswith("_total")}
    assert shown["t-zero"] == shown["t-zero-errand"] == 0


async def test_a_cancellation_from_within_is_a_failure_and_no_end(
    logged: list[logging.LogRecord],
) -> None:
    work = Work(fail(asyncio.CancelledError()), nothing)
    loop = Repeating("t2", work, back_off_s=QUICK)
    loop.start()
    await work.done(3)
    await loop.stop()
    assert "something it waited for was cancelled" in logged[0].getMessage()


async def test_a_loop_whose_task_is_cancelled_by_somebody_else_begins_again(
    logged: list[logging.LogRecord],
) -> None:
    work = Work(nothing)
    loop = Repeating("t3", work, back_off_s=QUICK)
    loop.start()
    await work.done(1)
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "t3")
    task.cancel()
    done = work.times
    await asyncio.wait({task})
    await work.done(done + 2)
    await loop.stop()
    assert "its task was cancelled or ended" in logged[0].getMessage()


async def test_a_work_that_should_never_end_and_does_is_begun_again(
    logged: list[logging.LogRecord],
) -> None:
    work = Work(nothing)
    loop = Repeating("t4", work, endless=True, back_off_s=QUICK)
    loop.start()
    await work.done(3)
    await loop.stop()
    assert "should go on for ever" in logged[0].getMessage()
    assert len(logged) == 1


async def test_stopping_ends_a_work_in_which_the_cancellation_drowns() -> None:
    began = asyncio.Event()

    async def deaf() -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ConnectionError("the call failed at that moment") from None

    loop = Repeating("t5", deaf)
    loop.start()
    await began.wait()
    async with asyncio.timeout(60):
        await loop.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "t5"]


async def test_a_work_is_done_until_it_succeeds_once() -> None:
    work = Work(fail(OSError("not yet")), nothing)
    loop = Repeating("t6", work, until_done=True, back_off_s=QUICK)
    loop.start()
    await loop.done.wait()
    await loop.stop()
    assert work.times == 2


async def test_stopping_does_the_work_a_last_time_but_waits_only_so_long() -> None:
    work = Work(nothing)
    loop = Repeating("t7", work, interval_s=3600)
    loop.start()
    await loop.stop(last_s=60)
    assert work.times == 1

    async def slow() -> None:
        await asyncio.sleep(3600)

    slow_loop = Repeating("t8", slow, interval_s=3600)
    slow_loop.start()
    async with asyncio.timeout(60):
        await slow_loop.stop(last_s=0.01)


# Errands


async def test_an_exception_in_an_errand_is_logged_with_its_subject(
    logged: list[logging.LogRecord],
) -> None:
    before = counted("t9")
    errands = Errands("t9")
    errands.start(Work(fail(KeyError("x")))(), "tea")
    await errands.finish()
    await asyncio.sleep(0)
    assert counted("t9") == before + 1
    assert logged[0].getMessage().startswith("The task `t9` for `tea` failed")


async def test_an_exception_that_a_waiting_caller_gets_is_no_failure(
    logged: list[logging.LogRecord],
) -> None:
    errands = Errands("t10", answered=(KeyError,))
    with pytest.raises(KeyError):
        await errands.start(Work(fail(KeyError("x")))())
    await asyncio.sleep(0)
    assert logged == []


async def test_closing_ends_the_errands_under_way() -> None:
    errands = Errands("t11")
    task = errands.start(asyncio.sleep(3600))
    await errands.aclose()
    assert task.cancelled()
    await asyncio.sleep(0)
    assert len(errands) == 0


# Troubles


def test_a_cause_is_said_once_and_again_after_a_while_with_its_count(
    logged: list[logging.LogRecord],
) -> None:
    clock = Clock()
    troubles = Troubles("t12", clock=clock)
    for _ in range(5):
        troubles.failed(OSError("refused"))
    assert len(logged) == 1
    clock.now += SAY_AGAIN_S
    troubles.failed(OSError("refused"))
    assert "This came 4 more times" in logged[1].getMessage()
    troubles.failed(OSError("no route"))
    assert "no route" in logged[2].getMessage()


def test_a_room_that_flaps_does_not_fill_the_log(logged: list[logging.LogRecord]) -> None:
    troubles = Troubles("t13", clock=Clock())
    for _ in range(50):
        troubles.failed(OSError("refused"), "tea")
        troubles.works("tea")
    assert len(logged) == 2


def test_many_rooms_with_one_cause_are_not_all_named(logged: list[logging.LogRecord]) -> None:
    clock = Clock()
    troubles = Troubles("t14", clock=clock)
    for n in range(1000):
        troubles.failed(OSError("shard down"), f"room-{n}")
    assert len(logged) == SUBJECTS_NAMED_MAX
    assert sum(record.exc_info is not None for record in logged) == 1
    clock.now += SAY_AGAIN_S
    troubles.failed(OSError("shard down"), "room-7")
    assert f"{1000 - SUBJECTS_NAMED_MAX} more times" in logged[-1].getMessage()


def test_the_pause_of_a_subject_grows_to_its_bound_and_ends_when_it_works() -> None:
    clock = Clock()
    troubles = Troubles("t15", back_off_s=(1.0, 8.0), clock=clock)
    pauses = [troubles.failed(OSError("x"), "tea") for _ in range(6)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert not troubles.may_try("tea")
    assert troubles.may_try("milk")
    clock.now += 8
    assert troubles.may_try("tea")
    troubles.works("tea")
    assert troubles.failed(OSError("x"), "tea") == 1.0


def test_causes_beyond_the_bound_are_forgotten(logged: list[logging.LogRecord]) -> None:
    troubles = Troubles("t16", clock=Clock())
    names = ["abcdefghij"[n // 26 % 10] + chr(97 + n % 26) for n in range(CAUSES_MAX + 1)]
    for name in [*names, names[0]]:
        troubles.failed(OSError(name))
    assert len(logged) == CAUSES_MAX + 2
