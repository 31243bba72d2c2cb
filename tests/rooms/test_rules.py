"""A room's rules as a worker keeps them: made ready beside the loop, and within bounds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from cachetools import LRUCache

from server.features.rules import rules as module
from server.features.rules.messages import Rules as RulesCommand
from server.features.rules.messages import WordsPut
from server.features.rules.rules import Rules
from server.rooms.call import Call
from tests.rooms.rig import HOST, ROOM, Rig

MANY = [f"{n:03}" + "加微信" * 10 for n in range(100)]
"""Each has many spellings."""


class Counted(ThreadPoolExecutor):
    """Counts what is done beside the loop."""

    def __init__(self) -> None:
        super().__init__(1)
        self.submitted = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
async def rules(here: Rig) -> Rules:
    return await asyncio.to_thread(Rules, here.store, here.settings)


@pytest.fixture
async def beside(rules: Rules) -> Counted:
    """The threads of the loop, which ends them."""
    threads = Counted()
    asyncio.get_running_loop().set_default_executor(threads)
    return threads


async def block(rules: Rules, words: list[str], room_id: str = ROOM) -> None:
    await rules.put(Call(room_id, HOST), WordsPut(ref=1, words=words, action="block"))


async def test_many_words_are_made_ready_beside_the_loop_once(
    here: Rig, rules: Rules, beside: Counted
) -> None:
    await block(rules, MANY)
    at_once = await asyncio.gather(*(rules.load(ROOM) for _ in range(5)))
    await here.do(RulesCommand(ref=1, review="all"))
    changed = await rules.load(ROOM)

    assert beside.submitted == 1
    assert changed.ver > at_once[0].ver
    assert changed.verdict("007" + "加微信" * 9 + "加薇信") == "block"


async def test_words_of_which_there_are_few_need_no_thread(rules: Rules, beside: Counted) -> None:
    await block(rules, ["kaufen", "加微信"])

    assert (await rules.load(ROOM)).verdict("K A U F E N") == "block"
    assert beside.submitted == 0


async def test_the_rules_of_rooms_are_forgotten_by_how_much_they_hold(
    here: Rig, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room_id in ("r2", "r3"):
        await here.store.run_script(
            "room_create",
            room_id,
            {"title": "Tea", "host": "h1", "host_name": "Mei", "scheduled": 0, "epoch": "e1"}
            | {"events_max": 9},
            module._CHANGED,
        )
        await block(rules, ["kaufen"], room_id)
    await block(rules, MANY)
    size = (await rules.load(ROOM)).chars
    monkeypatch.setattr(rules, "_rooms", LRUCache(size + 5, module._size))

    for room_id in ("r2", "r3", ROOM):
        await rules.load(room_id)
    big = [room_id for room_id in (ROOM, "r2", "r3") if rules.known(room_id)]
    await rules.load("r3")

    assert size > 3000
    assert big == [ROOM]
    assert rules.known(ROOM) is None
    assert rules.known("r3") is not None
