"""Plays a script: the host's steps over the host's connection, the crowd's by who is there."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from random import Random

from client_sim import content
from client_sim.client import RoomClient
from client_sim.errors import CommandRefused, RoomError, Unanswered
from client_sim.people import Person, set_within
from client_sim.script import Script, Step
from client_sim.tokens import CannotRun
from client_sim.wire import Message

NAMED_SALE_S_MAX = 10.0  # how long a step waits for the sale it names


class Director:
    """A host by the book: `prepare`, `run`, `end` like Host. `notes` tell what went otherwise.

    Which people a step takes, and when within its time, is drawn from `rng`.
    """

    def __init__(
        self, room: RoomClient, script: Script, persons: Sequence[Person], rng: Random
    ) -> None:
        self.notes: list[str] = []
        self._room = room
        self._script = script
        self._persons = persons
        self._rng = rng
        self._sales: dict[str, asyncio.Future[str]] = {}
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

    async def run(self) -> None:
        """Take each step when its time has come. A step that can't be taken is noted."""
        try:
            await self._steps()
        finally:
            self._off_stage.set()

    async def _steps(self) -> None:
        start = asyncio.get_running_loop().time()
        for step in self._script.steps:
            if step.act == "sale.open":
                self._sales[step.fields["name"]] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as acts:
            for step in self._script.steps:
                wait_s = start + step.at_s - asyncio.get_running_loop().time()
                if await set_within(self._over, max(0.0, wait_s)):
                    break
                play = self._host_step if step.who == "host" else self._crowd_step
                acts.create_task(play(step))
        for sale in self._sales.values():
            sale.cancel()

    async def end(self, *, for_good: bool) -> None:
        """Stop; for good: end the stream, if the script has not."""
        self._over.set()
        await self._off_stage.wait()
        if for_good and self._room.state.view["phase"] == "live":
            await self._note("the end", self._room.live_end())

    async def _host_step(self, step: Step) -> None:
        fields = dict(step.fields)
        name = fields.pop("name", None)
        if "sale" in fields:
            sale = await self._sale(step)
            if sale is None:
                return
            fields["sale"] = sale
        if step.act == "say":
            await self._note(step.where, self._room.comment(fields["text"]))
        elif step.act == "sale.open":
            await self._open(step, name, {"per_user": 1, "hold_s": 60} | fields)
        else:
            await self._note(step.where, self._room.request(step.act, **fields))

    async def _open(self, step: Step, name: str, fields: Message) -> None:
        reply = await self._note(step.where, self._room.request("sale.open", **fields))
        if reply is not None:
            self._sales[name].set_result(reply["sale"]["sale"])

    async def _crowd_step(self, step: Step) -> None:
        fields = dict(step.fields)
        if "sale" in fields:
            fields["sale"] = await self._sale(step)
            if fields["sale"] is None:
                return
        chosen = self._chosen(step)
        async with asyncio.TaskGroup() as acts:
            for person in chosen:
                after_s = self._rng.uniform(0, step.over_s)
                acts.create_task(self._one(person, after_s, step.act, fields))

    def _chosen(self, step: Step) -> list[Person]:
        """Who of those present takes part."""
        people, first = step.fields.get("people"), step.fields.get("first")
        if first is not None:
            all_ = self._persons
            named = (all_[i % len(all_)] for i in range(first, first + (people or 1)))
            return [person for person in named if person.room is not None]
        here = [person for person in self._persons if person.room is not None]
        wanted = round(len(here) * min(1.0, step.share)) if people is None else people
        return self._rng.sample(here, k=min(len(here), wanted))

    async def _one(self, person: Person, after_s: float, act: str, fields: Message) -> None:
        if await set_within(self._over, after_s):
            return
        with suppress(RoomError):  # whoever is shut out has it noted by their own task
            match act:
                case "comment":
                    await person.comment(fields["mood"])
                case "say":
                    await person.say(fields["text"])
                case "like":
                    await person.like(fields["n"], fields.get("times", 1))
                case "buy":
                    await person.buy(fields["sale"], fields.get("qty", 1), fields.get("pay", 0.8))
                case "drop":
                    person.drop()
                case "leave":
                    person.step_out()

    async def _sale(self, step: Step) -> str | None:
        """The id of the sale a step names, once it is open."""
        try:
            async with asyncio.timeout(NAMED_SALE_S_MAX):
                return await asyncio.shield(self._sales[step.fields["sale"]])
        except TimeoutError:
            self.notes.append(f"{step.where}: the sale `{step.fields['sale']}` was not open.")
            return None

    async def _note(self, where: str, command: Awaitable[object]) -> Message | None:
        """The reply of a command; what went wrong becomes a note."""
        try:
            reply = await command
        except (CommandRefused, Unanswered) as error:
            self.notes.append(f"{where}: {error}")
            return None
        return reply if isinstance(reply, dict) else {}
