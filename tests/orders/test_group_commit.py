"""Items that arrive while a call is in flight go together in the next one."""

import asyncio
from typing import Any

import pytest

from server.protocol.codes import CommandError
from server.store.commit import GroupCommit


class Line:
    """Stands for Redis: each call waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def run(self, room_id: str, items: list[int]) -> list[int]:
        self.batches.append(items)
        await self.go.wait()
        if self.error:
            raise self.error
        return [item * 10 for item in items]


def commits(line: Line, **limits: int) -> GroupCommit[int, int]:
    all_limits: dict[str, Any] = {"batch_max": 100, "waiting_max": 100, "flights_max": 1} | limits
    return GroupCommit("x", line.run, **all_limits)


async def submit_all(group: GroupCommit[int, int], items: range) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(group.submit("r", item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_buys_that_arrive_during_a_call_go_together_in_the_next() -> None:
    line = Line()
    group = commits(line)
    first = await submit_all(group, range(1))
    rest = await submit_all(group, range(1, 6))
    line.go.set()
    assert await asyncio.gather(*first, *rest) == [0, 10, 20, 30, 40, 50]
    assert line.batches == [[0], [1, 2, 3, 4, 5]]


async def test_a_batch_is_bounded() -> None:
    line = Line()
    group = commits(line, batch_max=2)
    first = await submit_all(group, range(1))
    rest = await submit_all(group, range(1, 6))
    line.go.set()
    await asyncio.gather(*first, *rest)
    assert [len(batch) for batch in line.batches] == [1, 2, 2, 1]


async def test_more_than_may_wait_are_refused_and_told_when_to_return() -> None:
    line = Line()
    group = commits(line, waiting_max=2)
    first = await submit_all(group, range(1))
    waiting = await submit_all(group, range(2))
    with pytest.raises(CommandError) as caught:
        await group.submit("r", 9)
    assert (caught.value.code, caught.value.retry_ms) == ("unavailable", 500)
    line.go.set()
    await asyncio.gather(*first, *waiting)


async def test_a_refused_batch_refuses_each_of_its_items() -> None:
    line = Line()
    line.error = CommandError("not_found", "No room.")
    line.go.set()
    tasks = await submit_all(commits(line), range(3))
    refusals = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(refusal, "code", None) for refusal in refusals] == ["not_found"] * 3
    assert len({id(refusal) for refusal in refusals}) == 3


async def test_a_broken_batch_is_unknown_to_its_callers() -> None:
    line = Line()
    line.error = ValueError("boom")
    line.go.set()
    with pytest.raises(CommandError) as caught:
        await commits(line).submit("r", 1)
    assert caught.value.code == "unavailable"


async def test_a_caller_that_is_cancelled_disturbs_nobody() -> None:
    line = Line()
    group = commits(line)
    first = await submit_all(group, range(1))
    gone, stays = await submit_all(group, range(1, 3))
    gone.cancel()
    line.go.set()
    assert await stays == 20
    assert line.batches == [[0], [1, 2]]
    await asyncio.gather(*first, gone, return_exceptions=True)


async def test_rooms_do_not_wait_for_each_other() -> None:
    line = Line()
    group = commits(line)
    tasks = [asyncio.create_task(group.submit(room, 1)) for room in ("a", "b")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(line.batches) == 2
    line.go.set()
    await asyncio.gather(*tasks)


async def test_nothing_is_left_behind_when_it_closes() -> None:
    line = Line()
    group = commits(line)
    tasks = await submit_all(group, range(4))
    line.go.set()
    await group.aclose()
    assert all(task.done() for task in tasks) or len(await asyncio.gather(*tasks)) == 4
    assert group._lanes == {}
    assert group.waiting == 0


async def test_an_entry_handed_in_without_waiting_is_run_or_told_to_be_lost() -> None:
    line = Line()
    group = commits(line, waiting_max=2)
    lost: list[int] = []

    def hand_in(n: int) -> None:
        group.hand_in("r", n, lambda: lost.append(n))

    for n in (1, 2, 3):
        hand_in(n)
    assert lost == [3]
    line.error = CommandError("unavailable", "no")
    line.go.set()
    await group.aclose()
    line.error = None
    hand_in(4)
    await group.aclose()
    assert line.batches == [[1, 2], [4]]
    assert lost == [3, 1, 2]


async def test_entries_that_wait_for_an_interval_go_at_once_when_it_closes() -> None:
    line = Line()
    line.go.set()
    group = commits(line, interval_s=3600)
    first, second = group.submit("r", 1), group.submit("r", 2)
    assert await first == 10
    waiting = asyncio.create_task(second)
    await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await group.aclose()

    assert await waiting == 20
    assert line.batches == [[1], [2]]


async def test_results_are_handed_on_without_a_task_and_a_bad_taker_harms_no_other() -> None:
    line, taken = Line(), asyncio.Event()
    group = commits(line, waiting_max=3)
    told: list[Any] = []

    def take(result: int | None, refusal: CommandError | None) -> None:
        told.append((result, refusal and refusal.code))
        if len(told) == 1:
            raise RuntimeError("the first one fails")
        taken.set()

    first = await submit_all(group, range(1))
    for item in (1, 2):
        group.submit_then("r", item, take)
    group.submit_then("r", 3, lambda result, _: told.append(result))
    group.submit_then("r", 4, lambda _, refusal: told.append(refusal and refusal.code))
    assert told.pop(0) == "unavailable"  # full, said at once
    line.go.set()
    await taken.wait()
    await asyncio.gather(*first)
    assert told == [(10, None), (20, None), 30]
