"""Plays a script: the host's steps over the host's connection, the crowd's by those present."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random

from client_sim import acts, content, note_acts
from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.wire import Message
from client_sim.host_acts import EnterRoom, HostActs, OpenGroup
from client_sim.market import Market
from client_sim.note_desk import NoteDesk
from client_sim.people import Person, set_within
from client_sim.script import Script, Step
from client_sim.tokens import CannotRun


class Director:
    """A host who follows a script: `prepare`, `run`, `end` like Host. `notes` has the failed steps.

    Which people a step takes, and when within its time, is drawn from `rng`.
    """

    def __init__(
        self,
        room: RoomClient,
        script: Script,
        persons: Sequence[Person],
        rng: Random,
        *,
        enter_room: EnterRoom,
        open_group: OpenGroup,
        before_start: Callable[[], None],
        market: Market,
        desk: NoteDesk,
    ) -> None:
        """`before_start` is called right before a step takes the room live."""
        self._room = room
        self._script = script
        self._persons = persons
        self._rng = rng
        self._readers = note_acts.Crowd(desk.record, room.room)
        self._host = HostActs(
            room,
            script.steps,
            persons,
            enter_room=enter_room,
            open_group=open_group,
            before_start=before_start,
            market=market,
            desk=desk,
        )
        self.notes = self._host.notes
        self._over = asyncio.Event()
        self._off_stage = asyncio.Event()

    async def prepare(self) -> None:
        """Fill the shelf; go live, unless the script has a step for it. Raises CannotRun."""
        try:
            for product in self._script.products or content.goods():
                await self._room.shelf_put(product)
            if not self._script.goes_live and self._room.state.view["phase"] == "scheduled":
                await self._room.live_start()
        except RoomError as error:
            raise CannotRun(f"Can't host room {self._room.room}: {error}") from None

    async def play_day_before(self) -> None:
        """Take the steps of the day before, one after the other, before anybody comes."""
        for step in self._script.before:
            play = self._host.take_step if step.who == "host" else self._crowd_step
            await play(step)

    async def host_evening(self) -> None:
        """Take each step when its time has come. A step that can't be taken is noted."""
        try:
            async with self._host:
                await self._steps()
        finally:
            self._off_stage.set()

    async def _steps(self) -> None:
        start = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as playing:
            for step in self._script.steps:
                wait_s = start + step.at_s - asyncio.get_running_loop().time()
                if await set_within(self._over, max(0.0, wait_s)):
                    break
                play = self._host.take_step if step.who == "host" else self._crowd_step
                playing.create_task(play(step))

    async def end(self, *, for_good: bool) -> None:
        """Stop; for good: end the stream, if the script has not."""
        self._over.set()
        await self._off_stage.wait()
        if for_good and self._room.state.view["phase"] == "live":
            await self._note("the end", self._room.live_end())

    async def _crowd_step(self, step: Step) -> None:
        fields = await self._host.meant(step)
        if fields is None:
            return
        async with asyncio.TaskGroup() as doing:
            for person in self._chosen(step):
                after_s = self._rng.uniform(0, step.over_s)
                doing.create_task(self._one(person, after_s, step, fields))

    def _chosen(self, step: Step) -> list[Person]:
        """Return the people, of those present, who take part."""
        people, first = step.fields.get("people"), step.fields.get("first")
        if first is not None:
            all_ = self._persons
            named = (all_[i % len(all_)] for i in range(first, first + (people or 1)))
            return [person for person in named if self._is_here(person, step)]
        here = [
            person
            for person in self._persons
            if self._is_here(person, step) and acts.can(person, step.act)
        ]
        wanted = round(len(here) * min(1.0, step.share)) if people is None else people
        return self._rng.sample(here, k=min(len(here), wanted))

    def _is_here(self, person: Person, step: Step) -> bool:
        if step.act in note_acts.ACTS:
            return True
        return (person.group if step.in_group else person.room) is not None

    async def _one(self, person: Person, after_s: float, step: Step, fields: Message) -> None:
        if not await set_within(self._over, after_s):
            with suppress(RoomError):  # whoever is shut out has it noted by their own task
                if step.act in note_acts.ACTS:
                    await self._readers.act(person, step.act, fields)
                else:
                    await acts.act(person, step.act, fields, in_group=step.in_group)

    async def _note(self, where: str, command: Awaitable[object]) -> None:
        """Send a command; a failure becomes a note."""
        try:
            await command
        except (CommandRefused, Unanswered) as error:
            self.notes.append(f"{where}: {error}")
