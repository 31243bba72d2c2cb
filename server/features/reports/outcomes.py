"""Carries out what becomes of what was reported: settled at the room's desk, or by the operator.

A comment is taken back, a user muted, a product taken off the shelf and a stream ended by the
commands that do so anyway; a ban, a hidden review and a removed note by what does that anyway. Only
then is the thing settled: if that fails it stays open, and settling it again does no harm.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import update

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.actions.moderation_log import note_action
from server.features.comments.messages import CommentRemove, Mute
from server.features.notes import Written
from server.features.phases.messages import LiveCancel, LiveEnd
from server.features.reports.messages import About, ReportSettle
from server.features.reports.report_book import ReportedThing, row_of, thing_view
from server.features.reports.reports import Reports, unavailable_without_records
from server.features.reports.tables import THINGS
from server.features.reviews.reviews import Reviews
from server.features.shelf.messages import ShelfRemove
from server.features.users.banning import Banning
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.records.database import Database
from server.rooms.call import Call, Handler, Handlers
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.store.action_log import Action

REF = 1
"""The `ref` of the commands that are sent for an outcome."""
OUTCOMES: Mapping[About, tuple[str, ...]] = {
    "comment": ("removed", "muted", "banned"),
    "user": ("muted", "banned"),
    "product": ("removed", "banned"),
    "review": ("hidden", "banned"),
    "room": ("removed", "banned"),
    "note": ("removed", "banned"),
    "note_comment": ("removed", "banned"),
}
"""What can be done about each thing, besides dismissing the report."""


class Decision(Struct, frozen=True):
    """An outcome with what it needs: `seconds` of a mute, the `reason` that the author of a review
    or note or a banned user is told, the ban's end (Unix ms; None: until it is lifted) and whether
    it is from all rooms; and a `note` for other operators."""

    outcome: str
    note: str = ""
    reason: str = ""
    seconds: int = 3600
    until: int | None = None
    everywhere: bool = False


class _Act(NamedTuple):
    """By whom a thing is settled, and how."""

    who: Identity
    row: Any
    decision: Decision


class Outcomes:
    """Settles what was reported. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        records: Database,
        dispatch: Dispatch,
        directory: Directory,
        reviews: Reviews,
        written: Written,
        banning: Banning,
        reports: Reports,
    ) -> None:
        self._records = records
        self._dispatch = dispatch
        self._directory = directory
        self._reviews = reviews
        self._notes = written.notes
        self._talk = written.talk
        self._banning = banning
        self._reports = reports
        self._does: Mapping[str, Callable[[_Act], Any]] = {
            "removed": self._remove, "muted": self._mute, "hidden": self._hide,
            "banned": self._ban,
        }  # fmt: skip

    def handlers(self) -> Handlers:
        """The command of the desk."""
        return {ReportSettle: Handler(self.settle, Role.MODERATOR)}

    async def settle(self, call: Call, cmd: ReportSettle) -> Ok:
        """Settle what waits at this room's desk. What is dismissed stays open for the operator."""
        decision = Decision(cmd.outcome, seconds=cmd.seconds)
        with unavailable_without_records():
            row = await self._open_row(cmd.thing)
            if row.room != call.room_id or not row.at_desk or row.user == call.who.user:
                raise _not_here(cmd.thing)
            await self._do(_Act(call.who, row, decision))
            dismissed = cmd.outcome == "dismissed"
            await self._close(row, decision, call.who.user, stays_open=dismissed)
        return Ok(ref=cmd.ref)

    async def settle_own(self, who: Identity, thing: str, outcome: str) -> None:
        """Settle a reported comment on a note of one's own. What is dismissed stays open for the
        operator."""
        row = await self._open_row(thing)
        is_own = row.about == "note_comment" and row.host == who.user
        if not is_own or not row.at_desk or row.user == who.user:
            raise CommandError(
                "not_found", f"`{thing}` waits for you no longer; somebody may have settled it."
            )
        if outcome == "removed":
            await _unless_gone(partial(self._talk.delete, who, row.of_note, row.ref))
        await self._close(row, Decision(outcome), who.user, stays_open=outcome == "dismissed")

    async def resolve(self, who: Identity, thing: str, decision: Decision) -> ReportedThing:
        """Settle a thing for good, as the operator."""
        row = await self._open_row(thing)
        await self._do(_Act(who, row, decision))
        return await self._close(row, decision, who.user)

    async def _open_row(self, thing: str) -> Any:
        async with self._records.reading() as connection:
            row = await row_of(connection, thing)
        _must_be_open(row, thing)
        return row

    async def _do(self, act: _Act) -> None:
        outcome, about = act.decision.outcome, act.row.about
        if outcome == "dismissed":
            return
        if outcome not in OUTCOMES[about]:
            possible = ", ".join(("dismissed", *OUTCOMES[about]))
            raise CommandError("bad_message", f"The outcome for a {about} is one of: {possible}.")
        await self._does[outcome](act)

    async def _close(
        self, row: Any, decision: Decision, by: str, *, stays_open: bool = False
    ) -> ReportedThing:
        now, thing = unix_ms(), THINGS.c.thing == row.thing
        values: dict[str, Any] = {"at_desk": False}
        if not stays_open:
            values |= {"open": False, "outcome": decision.outcome, "note": decision.note,
                       "by": by, "decided": now}  # fmt: skip
        details = {"about": row.about, "id": row.ref, "outcome": decision.outcome,
                   "note": decision.note, "at_desk": stays_open}  # fmt: skip
        action = Action(now, by, "report", row.room, row.user, row.thing, details)
        async with self._records.writing() as connection:
            _must_be_open(await row_of(connection, row.thing, to_write=True), row.thing)
            await connection.execute(update(THINGS).where(thing).values(**values))
            await note_action(connection, action)
            view = await thing_view(connection, await row_of(connection, row.thing))
        if row.at_desk and row.room:
            await self._reports.tell_desk(row.room)
        return view

    async def _remove(self, act: _Act) -> None:
        row = act.row
        match row.about:
            case "comment":
                await self._send(act, CommentRemove(ref=REF, id=row.ref))
            case "product":
                remove = partial(self._send, act, ShelfRemove(ref=REF, sku=row.ref))
                await _unless_gone(remove)
            case "note":
                await self._remove_note(act)
            case "note_comment":
                reason, by = _told_reason(act.decision), act.who.user
                remove = partial(self._talk.remove, by, row.of_note, row.ref, reason)
                await _unless_gone(remove)
            case _:
                await self._end(act)

    async def _remove_note(self, act: _Act) -> None:
        reason = _told_reason(act.decision)
        await self._notes.remove(act.row.ref, reason, act.who.user)

    async def _end(self, act: _Act) -> None:
        phase = (await self._directory.read(act.row.room)).phase
        if phase == "ended":
            raise CommandError("conflict", "This stream is over; ban its host, or dismiss this.")
        is_live = phase == "live"
        await self._send(act, LiveEnd(ref=REF) if is_live else LiveCancel(ref=REF))

    async def _mute(self, act: _Act) -> None:
        seconds = act.decision.seconds
        if not seconds:
            raise CommandError("bad_message", "`seconds` of a mute are at least 1.")
        await self._send(act, Mute(ref=REF, user=act.row.user, seconds=seconds))

    async def _hide(self, act: _Act) -> None:
        reason = _told_reason(act.decision)
        await self._reviews.hide(act.row.ref, reason, act.who.user)

    async def _ban(self, act: _Act) -> None:
        row, decision = act.row, act.decision
        room = "" if decision.everywhere else row.room
        await self._banning.ban(row.user, room, act.who.user, decision.reason, until=decision.until)

    async def _send(self, act: _Act, cmd: Command) -> None:
        await self._dispatch.run_for_caller(Call(act.row.room, act.who), cmd)


def _told_reason(decision: Decision) -> str:
    if not decision.reason.strip():
        raise CommandError("bad_message", "`reason` is empty; the author is told it.")
    return decision.reason


async def _unless_gone(remove: Callable[[], Awaitable[None]]) -> None:
    """Remove a thing; nothing is left to do if somebody did, such as an earlier press of which
    nobody learned what became of it."""
    try:
        await remove()
    except CommandError as refused:
        if refused.code != "not_found":
            raise


def _must_be_open(row: Any, thing: str) -> None:
    if row is None:
        raise CommandError("not_found", f"Nothing was reported as `{thing[:64]}`.")
    if not row.open:
        raise CommandError("conflict", f"`{row.by}` settled this already: {row.outcome}.")


def _not_here(thing: str) -> CommandError:
    return CommandError(
        "not_found", f"`{thing}` waits at this room's desk no longer; somebody may have settled it."
    )
