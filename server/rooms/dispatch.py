"""Checks the caller's role, then passes a command to the feature that handles it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.joining import Join, Ping
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.naming import Host, Naming
from server.store.bans import Ban, Bans


class Gate(NamedTuple):
    """Restricts entry to the rooms it applies to. `let_in` raises CommandError `forbidden`."""

    applies: Callable[[str], bool]
    let_in: Callable[[Identity, str], Awaitable[None]]
    is_shut: Callable[[str], Awaitable[bool]] | None = None
    """Asks the store whether it really applies, where `applies` can only say that it may."""


class Dispatch:
    """Runs commands.

    `host_in(room_id)` returns a room's host; it raises CommandError if there is no such room.
    `is_moderator(room_id, user)` tells whether the host made the user a moderator of the room.
    """

    def __init__(
        self,
        host_in: Callable[[str], Awaitable[Host]],
        is_moderator: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._host_in = host_in
        self._is_moderator = is_moderator
        self.naming = Naming()
        self.gates: list[Gate] = []
        """Restrict entry to some rooms; filled before the first command is run."""
        self.bans: Bans | None = None
        """Who may not come in, or not buy; set before the first command is run."""
        self.scopes: Mapping[type[Command], str] = {}
        """The scope that a server's token needs for each command."""
        self.handlers: dict[type[Command], Handler] = {}
        """The handler of each command; filled before the first command is run."""

    async def is_gated(self, room_id: str) -> bool:
        """Whether entry to a room is restricted. Raises CommandError `unavailable`."""
        for gate in self.gates:
            if gate.applies(room_id) and (gate.is_shut is None or await gate.is_shut(room_id)):
                return True
        return False

    async def must_be_let_in(self, who: Identity, room_id: str) -> None:
        """Refuse users who may not enter a room. Raises CommandError `forbidden`."""
        self.must_not_be_banned(who, room_id)
        for gate in self.gates:
            if gate.applies(room_id):
                await gate.let_in(who, room_id)

    def ban_of(self, who: Identity, room_id: str, *, buying: bool = False) -> Ban | None:
        """Return the ban that keeps a user from coming into a room, or from buying there.

        Guests have none, and admins can't be kept out.
        """
        if self.bans is None or who.role in (Role.GUEST, Role.ADMIN):
            return None
        return self.bans.keeps_out(who.user, room_id, buying=buying)

    def must_not_be_banned(self, who: Identity, room_id: str, *, buying: bool = False) -> None:
        """Raise CommandError `forbidden` with the reason and the end of a ban."""
        if (ban := self.ban_of(who, room_id, buying=buying)) is not None:
            raise CommandError("forbidden", ban.sentence)

    def may_be_gated(self, room_id: str) -> bool:
        """Whether `must_be_let_in` would ask anything. If not, everybody may enter the room."""
        return any(gate.applies(room_id) for gate in self.gates)

    def add_handlers(self, handlers: Handlers) -> None:
        """Add handlers. Raises ValueError for a command that already has one."""
        for command, handler in handlers.items():
            if command in self.handlers:
                raise ValueError(f"`{command.__name__}` has two handlers; drop one.")
            self.handlers[command] = handler

    def must_take(self, commands: Iterable[type[Command]]) -> None:
        """Raise ValueError, naming the command, if a command outside the edge's has no handler."""
        for command in commands:
            if command not in (*self.handlers, Join, Ping):
                raise ValueError(f"Nobody takes `{command.__name__}`; give it a handler.")

    @property
    def ops(self) -> list[str]:
        """The wire names of all commands that have a handler."""
        return [str(command.__struct_config__.tag) for command in self.handlers]

    def in_order(self, cmd: Command) -> bool:
        """Whether commands of this kind from one connection run one after the other, in order.

        A host's or moderator's command builds on their earlier ones. Viewers' commands don't, and
        are faster when they run together (see `store.commit`).
        """
        handler = self.handlers.get(type(cmd))
        return handler is not None and handler.least.at_least(Role.MODERATOR)

    async def run_command(self, call: Call, cmd: Command) -> Ok:
        """Run the command if the caller may. Raises CommandError.

        The caller's name is the one that `known_in` gave when they joined.
        """
        handler = self.handlers.get(type(cmd))
        if handler is None:
            raise CommandError("bad_message", f"`{op_of(cmd)}` can't be sent now.")
        if call.who.scopes is not None and call.who.lacks(scope := self.scopes.get(type(cmd), "")):
            raise CommandError(
                "forbidden", f"This token has no scope `{scope}`, which `{op_of(cmd)}` needs."
            )
        await self.must_be_let_in(call.who, call.room_id)
        if cmd.buys:
            self.must_not_be_banned(call.who, call.room_id, buying=True)
        if call.who.role is Role.HOST:
            host = await self._host_in(call.room_id)
            call = call._replace(who=as_in(call.who, host.user))
        if handler.least is Role.MODERATOR and call.who.role is Role.VIEWER:
            call = await self._raised(call)
        if not call.who.role.at_least(handler.least):
            raise CommandError("forbidden", _refusal(cmd, handler.least))
        if handler.least.at_least(Role.MODERATOR):
            await self._must_hold(call, handler.least, cmd)
        return await handler.run(call, cmd)

    async def run_for_caller(self, call: Call, cmd: Command) -> Ok:
        """Run the command for a caller who did not join the room first. Raises CommandError."""
        await self.must_be_let_in(call.who, call.room_id)
        who = await self.known_in(call.who, call.room_id)
        return await self.run_command(call._replace(who=who), cmd)

    async def known_in(self, who: Identity, room_id: str) -> Identity:
        """Return the identity with its role in the room (a viewer, if they host another room), and
        with another name if theirs reads as the host's. CommandError if there is no room."""
        if who.role is Role.GUEST:
            return who
        return self.known_to(who, await self._host_in(room_id))

    def known_to(self, who: Identity, host: Host) -> Identity:
        """The same where the room's host is known."""
        if who.role is Role.GUEST:
            return who
        return self.naming.named_in(as_in(who, host.user), host)

    async def _raised(self, call: Call) -> Call:
        """Return the call with the moderator role, if the room's host gave the caller that role."""
        if not await self._is_moderator(call.room_id, call.who.user):
            return call
        return call._replace(who=replace(call.who, role=Role.MODERATOR))

    async def _must_hold(self, call: Call, least: Role, cmd: Command) -> None:
        host = await self._host_in(call.room_id)
        if not holds(call.who, least, call.room_id, host.user):
            raise CommandError("forbidden", _refusal(cmd, least))


def holds(who: Identity, least: Role, room_id: str, host: str) -> bool:
    """Whether `who` has at least this role in the room hosted by `host`.

    A host has the host role only in their own rooms and is a viewer in others. A moderator's
    token names the rooms it moderates. An admin may do everything.
    """
    if not who.may_enter(room_id):
        return False
    if who.role is Role.ADMIN or (who.role is Role.HOST and who.user == host):
        return True
    if least is Role.MODERATOR:
        return who.role is Role.MODERATOR
    return who.role.at_least(least) and not least.at_least(Role.MODERATOR)


def as_in(who: Identity, host: str) -> Identity:
    """Return `who` with their role in a room of `host`: hosts of other rooms are viewers here, and
    so are merchants."""
    if who.role is Role.MERCHANT or (who.role is Role.HOST and who.user != host):
        return replace(who, role=Role.VIEWER)
    return who


def op_of(cmd: Command) -> str:
    """The command's name on the wire."""
    return str(cmd.__struct_config__.tag)


def _refusal(cmd: Command, least: Role) -> str:
    if least is Role.VIEWER:
        return f"Guests only read: join with a token to send `{op_of(cmd)}`."
    return f"`{op_of(cmd)}` is for the {least} of this room."
