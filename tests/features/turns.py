"""Several stories on one stage, a step of one after a step of another, in an order by chance."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from random import Random
from typing import Any

from server.protocol.codes import CommandError
from tests.features.stage import Stage

Tell = Callable[[Stage], Awaitable[None]]


class Turns:
    """Whose step is next: chosen once every story that is not over waits for its turn."""

    def __init__(self, stories: int, random: Random) -> None:
        self._left = stories
        self._random = random
        self._waiting: list[asyncio.Future[None]] = []

    async def mine(self) -> None:
        """Wait for a turn; it lasts until the story waits again, or is over."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._choose()
        await turn

    def one_is_over(self) -> None:
        """A story has no further steps."""
        self._left -= 1
        self._choose()

    def _choose(self) -> None:
        if self._waiting and len(self._waiting) == self._left:
            self._waiting.pop(self._random.randrange(self._left)).set_result(None)


async def tell_together(stage: Stage, stories: Sequence[Tell], random: Random) -> None:
    """Tell all of them. One that is refused a command ends there: the room is not its alone."""
    turns = Turns(len(stories), random)
    step = stage.step

    async def in_turn(name: str, doing: Coroutine[Any, Any, Any]) -> Any:
        try:
            await turns.mine()
        except asyncio.CancelledError:
            doing.close()  # another story failed
            raise
        return await step(name, doing)

    async def told(tell: Tell) -> None:
        try:
            await tell(stage)
        except CommandError:
            pass
        finally:
            turns.one_is_over()

    stage.step = in_turn  # type: ignore[method-assign]
    async with asyncio.TaskGroup() as group:
        for tell in stories:
            group.create_task(told(tell))
