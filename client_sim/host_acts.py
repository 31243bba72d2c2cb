"""Takes the host's steps of a script, over the host's connection and another in the fan group."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Self

from client_sim.client import RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.wire import Message
from client_sim.market import Market
from client_sim.note_desk import NOTE_ACTS, NoteDesk
from client_sim.people import Person
from client_sim.script import NAMED, Step
from client_sim.tokens import CannotRun

NAMED_S_MAX = 10.0  # how long a step waits for what it names
DEFAULTS: dict[str, Message] = {
    "sale.open": {"per_user": 1, "hold_s": 60},
    "auction.open": {"hold_s": 60},
}

EnterRoom = Callable[[str], AbstractAsyncContextManager[RoomClient]]
"""Makes the host's client in the room of this id."""
OpenGroup = Callable[[str, str], Awaitable[str]]
"""Makes the host's fan group with a title and an audience; returns its room's id."""


class HostActs:
    """Takes host steps; an async context manager. What went otherwise than written is noted."""

    def __init__(
        self,
        room: RoomClient,
        steps: Sequence[Step],
        persons: Sequence[Person],
        *,
        enter_room: EnterRoom,
        open_group: OpenGroup,
        before_start: Callable[[], None],
        market: Market,
        desk: NoteDesk,
    ) -> None:
        self.notes: list[str] = []
        self._room = room
        self._steps = steps
        self._persons = persons
        self._enter_room = enter_room
        self._open_group = open_group
        self._before_start = before_start
        self._market = market
        self._desk = desk
        self._named: dict[tuple[str, str], asyncio.Future[str]] = {}
        self._group: RoomClient | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for step in self._steps:
            kind = step.act.removesuffix(".open")
            if kind in NAMED and step.act != kind:
                self._named[kind, step.fields["name"]] = loop.create_future()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        for named in self._named.values():
            named.cancel()
        await self._stack.aclose()

    async def meant(self, step: Step) -> Message | None:
        """Return the step's fields with ids for names; None if a name was not opened in time."""
        fields = dict(step.fields)
        for kind in NAMED:
            if kind in fields:
                fields[kind] = await self._id(step, kind, fields[kind])
        if "base" in fields:
            fields["base"] = await self._id(step, "sale", fields["base"])
        if "sales" in fields:
            fields["sales"] = [await self._id(step, "sale", each) for each in fields["sales"]]
        ids = [fields.get(kind, "") for kind in (*NAMED, "base")] + fields.get("sales", [])
        return None if None in ids else fields

    async def _id(self, step: Step, kind: str, name: str) -> str | None:
        """The id of what has this name, once it is open; None, with a note, if it never is."""
        try:
            async with asyncio.timeout(NAMED_S_MAX):
                return await asyncio.shield(self._named[kind, name])
        except TimeoutError:
            self.notes.append(f"{step.where}: the {kind} `{name}` was not open.")
            return None

    async def take_step(self, step: Step) -> None:
        """Take a step."""
        try:
            if step.act in NOTE_ACTS:
                await self._desk.take_step(step.act, step.fields)
            else:
                await self._take(step)
        except (CommandRefused, Unanswered, CannotRun) as error:
            self.notes.append(f"{step.where}: {error}")

    async def _take(self, step: Step) -> None:
        room = await self._in_group() if step.in_group else self._room
        fields = await self.meant(step)
        if fields is None:
            return
        match step.act:
            case "live.start":
                self._before_start()
                await room.live_start()
            case "say":
                await room.say(fields["text"])
            case "group.open":
                await self._open_group(fields["title"], fields["admits"])
            case "question.take" | "question.answer" | "question.drop":
                await self._question(room, step, fields)
            case "review.pass" | "review.drop":
                await self._review(room, step)
            case "comment.keep" | "comment.pin":
                await self._keep(room, step)
            case "shelf.pick" | "return.answer" | "parcels.send":
                await self._trade(room, step, fields)
            case "mute" | "moderator.add" | "moderator.remove":
                user = self._persons[fields.pop("person") % len(self._persons)].witness.who
                await room.request(step.act, user=user, **fields)
            case _:
                await self._send(room, step, fields)

    async def _send(self, room: RoomClient, step: Step, fields: Message) -> None:
        name = fields.pop("name", None)
        reply = await room.request(step.act, **DEFAULTS.get(step.act, {}) | fields)
        kind = step.act.removesuffix(".open")
        if name is not None:
            self._named[kind, name].set_result(reply[kind][kind])

    async def _trade(self, room: RoomClient, step: Step, fields: Message) -> None:
        if step.act == "shelf.pick":
            pick = await self._market.pick(fields["merchant"], fields["goods"], fields["units"])
            await room.shelf_pick(pick)
        elif step.act == "return.answer":
            await self._answer_returns(room, step, fields)
        elif not await self._market.send_parcels():
            self.notes.append(f"{step.where}: nothing was to be sent.")

    async def _answer_returns(self, room: RoomClient, step: Step, fields: Message) -> None:
        """The oldest are accepted, so many of them as the step says; the rest is declined."""
        asked = await self._market.asked_back()
        if not asked:
            self.notes.append(f"{step.where}: nobody had asked to give anything back.")
        accepted = round(len(asked) * fields["accept"])
        for n, order in enumerate(asked):
            answer = {"answer": fields["answer"]} if n >= accepted else {}
            restock = fields.get("restock", False) and n < accepted
            await room.return_answer(order, accept=n < accepted, restock=restock, **answer)

    async def _question(self, room: RoomClient, step: Step, fields: Message) -> None:
        """The question being answered, or the one most asked."""
        taken = room.state.view["question"]
        if step.act == "question.take" or taken is None:
            queue = (await room.desk()).get("queue", [])
            taken = queue[0] if queue else None
        if taken is None:
            self.notes.append(f"{step.where}: nobody had asked anything.")
            return
        await room.request(step.act, question=taken["question"], **fields)

    async def _review(self, room: RoomClient, step: Step) -> None:
        held = (await room.desk()).get("held", [])
        if held:
            await room.request(step.act, id=held[0]["id"])
        else:
            self.notes.append(f"{step.where}: no comment waited for review.")

    async def _keep(self, room: RoomClient, step: Step) -> None:
        comments = room.state.view["comments"]
        said = [it for it in comments if it["role"] == "viewer" and not it.get("shadow")]
        if said:
            await room.request(step.act, id=said[-1]["id"])
        else:
            self.notes.append(f"{step.where}: there was no comment to keep.")

    async def _in_group(self) -> RoomClient:
        if self._group is None:
            group = self._room.state.view["group"]
            try:
                entered = self._enter_room(group)
                self._group = await self._stack.enter_async_context(entered)
            except RoomError as error:
                raise CommandRefused("not_found", f"The fan group `{group}`: {error}") from None
        return self._group
