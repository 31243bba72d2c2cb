"""The rundown: what comes when in a stream, and one press that does it."""

import contextlib
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, msgpack

from server.features.auctions.messages import AuctionOpen
from server.features.coupons.messages import CouponOpen
from server.features.luckies.messages import LuckyOpen
from server.features.polls.messages import PollOpen
from server.features.rundown.messages import (
    ItemKind,
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
from server.features.rundown.planning import start_of, with_times
from server.features.rundown.settings import RundownSettings
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Pin
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.request_key import UNDER_WAY, UNKNOWN, RequestKey
from server.store.room_store import RoomStore

DOES: Mapping[str, type[Command]] = {
    "product": Pin,
    "sale": SaleOpen,
    "poll": PollOpen,
    "lucky": LuckyOpen,
    "coupon": CouponOpen,
    "auction": AuctionOpen,
}
"""What one press sends, by the kind of an item; a note does nothing."""
DOES_BYTES_MAX = 8192

_ANY = msgpack.Decoder(Any)


class StoredItem(Struct):
    """An item as Redis keeps it: `does` is JSON, empty for none."""

    item: str
    kind: ItemKind
    title: str
    does: str = ""
    at: int = 0
    lasts_s: int = 0
    done: int = 0
    press: str = ""
    """Names the press that does it, until it is known what became of that."""

    def shown(self) -> RundownItem:
        """The item as it is read, without the time that is planned for it."""
        return RundownItem(
            item=self.item, kind=self.kind, title=self.title, at=self.at, lasts_s=self.lasts_s,
            done=self.done, does=msgspec.json.decode(self.does) if self.does else {},
        )  # fmt: skip


class _Loaded(Struct):
    items: list[StoredItem]
    scheduled: int
    started: int


_LOADED = msgpack.Decoder(_Loaded)
_ITEM = msgpack.Decoder(StoredItem)


class Rundowns:
    """The commands of host and moderators about what is planned. `run` runs another command."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        run: Callable[[Call, Command], Awaitable[Ok]],
    ) -> None:
        self._store = store
        self._run_command = run
        self._items_max = settings.section(RundownSettings).rundown_items_max
        self._texts = settings.rooms

    def handlers(self) -> Handlers:
        """Every command about the rundown is of moderators; what one does may be the host's."""
        return {
            RundownRead: Handler(self.read, Role.MODERATOR),
            RundownPut: Handler(self.put, Role.MODERATOR),
            RundownMove: Handler(self.move, Role.MODERATOR),
            RundownRemove: Handler(self.remove, Role.MODERATOR),
            RundownDo: Handler(self.do, Role.MODERATOR),
            RundownMark: Handler(self.mark, Role.MODERATOR),
        }

    async def read(self, call: Call, cmd: RundownRead) -> Ok:
        """Answer with what is planned, with the times."""
        items, start = await self.items_of(call.room_id)
        return RundownOk(ref=cmd.ref, rundown=with_times(items, start))

    async def items_of(self, room_id: str) -> tuple[list[RundownItem], int]:
        """The items of a room in order, and when the plan starts (Unix ms, 0 = unknown)."""
        loaded = await self._store.run_script("rundown.read", room_id, {}, _LOADED)
        return [each.shown() for each in loaded.items], start_of(loaded.scheduled, loaded.started)

    async def put(self, call: Call, cmd: RundownPut) -> Ok:
        """Plan something new, or change what is planned."""
        item = cmd.item or f"i{secrets.token_hex(6)}"
        value = {
            "item": item,
            "kind": cmd.kind,
            "title": shown_text("title", cmd.title, self._texts.text_chars_max),
            "does": command_text(cmd.kind, cmd.does),
            "at": cmd.at,
            "lasts_s": cmd.lasts_s,
        }
        args = {
            "value": value,
            "is_new": cmd.item is None,
            "before": cmd.before,
            "items_max": self._items_max,
        }
        await self._change("rundown.put", call, args)
        return RundownPutOk(ref=cmd.ref, item=item)

    async def move(self, call: Call, cmd: RundownMove) -> Ok:
        """Put an item before another one, or at the end."""
        await self._change("rundown.move", call, {"item": cmd.item, "before": cmd.before})
        return Ok(ref=cmd.ref)

    async def remove(self, call: Call, cmd: RundownRemove) -> Ok:
        """Take an item out."""
        await self._change("rundown.remove", call, {"item": cmd.item})
        return Ok(ref=cmd.ref)

    async def mark(self, call: Call, cmd: RundownMark) -> Ok:
        """Note that an item is done, or that it is not."""
        await self._change("rundown.mark", call, {"item": cmd.item, "done": cmd.done})
        return Ok(ref=cmd.ref)

    async def do(self, call: Call, cmd: RundownDo) -> Ok:
        """Do an item, once.

        Its command runs as a request with a key, which the item keeps until it is known what became
        of it: whoever presses again before, or at once, does nothing a second time.
        """
        args = {"item": cmd.item, "press": secrets.token_hex(16)}
        item = await self._store.run_script("rundown.begin", call.room_id, args, _ITEM)
        try:
            if item.does:
                await self._do(call, item, cmd.ref)
            await self._settle(call, item, done=True)
        except CommandError as refused:
            if refused.code not in UNKNOWN:
                raise
            again = f"{refused.msg} Do the item again: what was done is not done twice."
            raise CommandError(refused.code, again, refused.retry_ms) from refused
        return Ok(ref=cmd.ref)

    async def _do(self, call: Call, item: StoredItem, ref: int) -> None:
        """Run an item's command. Raises CommandError; if that decides, the press is settled."""
        press = RequestKey(item.press, hashlib.sha256(item.does.encode()).hexdigest())
        # Counted among the requests that the room remembers, and refused if there are too many.
        await self._store.run_script("answer", call.room_id, press.step("begin"), _ANY)
        under_way = UNDER_WAY.set(press)
        try:
            await self._run_command(call, command_in(item, ref))
        except CommandError as refused:
            if refused.code not in UNKNOWN and refused.retry_ms is None:
                with contextlib.suppress(CommandError):  # else the next press hears the same
                    await self._settle(call, item, done=False)
            raise
        finally:
            UNDER_WAY.reset(under_way)

    async def _settle(self, call: Call, item: StoredItem, *, done: bool) -> None:
        args = {"item": item.item, "press": item.press, "done": done}
        await self._change("rundown.settle", call, args)

    async def _change(
        self, script: str, call: Call, args: dict[str, Any], decoder: Any = _ANY
    ) -> Any:
        args |= {"events_max": self._texts.event_stream_len_max}
        return await self._store.run_script(script, call.room_id, args, decoder)


def command_text(kind: ItemKind, does: Mapping[str, Any]) -> str:
    """The fields of an item's command as JSON, '' for a note. Raises CommandError."""
    wanted = DOES.get(kind)
    if wanted is None:
        if does:
            raise CommandError("bad_message", "A note does nothing: send it without `does`.")
        return ""
    try:
        command = msgspec.convert({**does, "op": _op_of(wanted), "ref": 1}, wanted)
    except msgspec.ValidationError as error:
        why = f"`does` is no `{_op_of(wanted)}`: {error}."
        raise CommandError("bad_message", why) from None
    fields = msgspec.to_builtins(command)
    text = msgspec.json.encode({k: v for k, v in fields.items() if k not in ("op", "ref")})
    if len(text) > DOES_BYTES_MAX:
        raise CommandError("too_long", f"`does` can have {DOES_BYTES_MAX} bytes as JSON.")
    return text.decode()


def command_in(item: StoredItem, ref: int) -> Command:
    """The command that does an item. Raises CommandError if this version has no such command."""
    wanted = DOES[item.kind]
    fields = msgspec.json.decode(item.does)
    try:
        return msgspec.convert({**fields, "op": _op_of(wanted), "ref": ref}, wanted)
    except msgspec.ValidationError as error:
        why = f"This item can't be done as it was planned; change it: {error}."
        raise CommandError("conflict", why) from None


def _op_of(kind: type[Command]) -> str:
    return str(kind.__struct_config__.tag)
