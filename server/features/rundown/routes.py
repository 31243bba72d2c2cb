"""The rundown over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, field

from server.features.rundown.messages import (
    Does,
    ItemKind,
    Lasts,
    RundownDo,
    RundownItem,
    RundownMark,
    RundownMove,
    RundownOk,
    RundownPut,
    RundownPutOk,
    RundownRead,
    RundownRemove,
)
from server.protocol.fields import Id, Phrase
from server.protocol.input import Input
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.protocol.room import Start
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.path import part_of_path
from server.web.route import REF, Route

NewItem = fields_of(RundownPut, "item")
ONCE = "an item is done once"


class ChangedItem(Input, frozen=True, kw_only=True):
    """An item as it shall be; it stays where it stands."""

    kind: ItemKind
    title: Phrase
    does: Does = field(default_factory=dict)
    at: Start = 0
    lasts_s: Lasts = 0


class ItemPlace(Input, frozen=True):
    """The item to stand before; empty: at the end."""

    before: Annotated[str, Meta(max_length=64)] = ""


class ItemMark(Input, frozen=True):
    """Whether an item is done."""

    done: bool


class PlannedItem(Struct, frozen=True):
    """The id of what was planned."""

    item: str


class RundownRoutes:
    """The routes of host and moderators."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, staff = "/v1/rooms/{room}/rundown", Role.MODERATOR
        one = f"{path}/{{item}}"
        return [
            Route(
                "GET", path, "Read what is planned.", self.read, staff, result=list[RundownItem],
                bound="`rooms.rundown_items_max`",
            ),
            Route("POST", path, "Plan something.", self.add, staff, NewItem, PlannedItem,
                  status=201),
            Route("PUT", one, "Change what is planned.", self.change, staff, ChangedItem),
            Route("DELETE", one, "Plan it no longer.", self.remove, staff),
            Route("PUT", f"{one}/place", "Move what is planned.", self.move, staff, ItemPlace),
            Route("PUT", f"{one}/done", "Note that it is done.", self.mark, staff, ItemMark),
            Route("POST", f"{one}/do", "Do what is planned.", self.do, staff, no_key=ONCE),
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """The items in order, with the times that are planned for them."""
        ok = await run_command(self._dispatch, request, RundownRead(ref=REF), RundownOk)
        return json_response(ok.rundown)

    async def add(self, request: web.Request) -> web.Response:
        """The same as `rundown.put` without an `item`."""
        cmd = with_fields(RundownPut, await body_of(request, NewItem), REF)
        ok = await run_command(self._dispatch, request, cmd, RundownPutOk)
        return json_response(PlannedItem(ok.item), 201)

    async def change(self, request: web.Request) -> web.Response:
        """The same as `rundown.put` with an `item`."""
        body = await body_of(request, ChangedItem)
        return await self._run(request, with_fields(RundownPut, body, REF, item=_item_in(request)))

    async def remove(self, request: web.Request) -> web.Response:
        """Nothing: it is planned no longer."""
        return await self._run(request, RundownRemove(ref=REF, item=_item_in(request)))

    async def move(self, request: web.Request) -> web.Response:
        """Nothing: it stands elsewhere."""
        body = await body_of(request, ItemPlace)
        cmd = RundownMove(ref=REF, item=_item_in(request), before=body.before)
        return await self._run(request, cmd)

    async def mark(self, request: web.Request) -> web.Response:
        """Nothing: it is noted."""
        body = await body_of(request, ItemMark)
        return await self._run(
            request, RundownMark(ref=REF, item=_item_in(request), done=body.done)
        )

    async def do(self, request: web.Request) -> web.Response:
        """Nothing: it is done."""
        return await self._run(request, RundownDo(ref=REF, item=_item_in(request)))

    async def _run(self, request: web.Request, cmd: Command) -> web.Response:
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)


def _item_in(request: web.Request) -> str:
    return part_of_path(request, "item", Id, "The id of an item is 1 to 64 letters.")
