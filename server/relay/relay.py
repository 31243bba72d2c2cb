"""Knows who sends and who watches which room's picture, within bounds."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from server.background.repeating import Errands
from server.protocol.codes import CommandError
from server.relay.channel import Channel, Feed
from server.relay.connection import Connection

CLOSE_S_MAX = 5.0
"""Time for all connections to end when the relay stops."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Bounds of what the relay carries at once."""

    publishers_max: int
    viewers_max: int
    session_s_max: float


@dataclass(eq=False)
class Session:
    """One sender or viewer: its connection, and what it has of a channel."""

    path: str
    sends: bool
    connection: Connection
    feeds: list[Feed] = field(default_factory=list)
    name: str = field(default_factory=lambda: secrets.token_urlsafe(18))


class Relay:
    """All sessions and channels. `has_card(path)` says whose viewers get the test card."""

    def __init__(self, bounds: Bounds, has_card: Callable[[str], bool]) -> None:
        self._bounds = bounds
        self._has_card = has_card
        self._sessions: dict[str, Session] = {}
        self._channels: dict[str, Channel] = {}
        self._errands = Errands("relay")

    @property
    def sessions(self) -> int:
        """How many send or watch now."""
        return len(self._sessions)

    async def send(self, path: str, offer: str) -> tuple[str, str]:
        """Take a sender; return the name of the session and the answer. A sender of the same path
        is replaced: one who comes back after a cut must not wait for the old connection's end.
        Raises CommandError."""
        before = [each for each in self._of(path) if each.sends]
        if not before and self._count(sends=True) >= self._bounds.publishers_max:
            raise _full(f"{self._bounds.publishers_max} rooms' pictures", "relay_publishers_max")
        channel = self._channel(path)
        session = Session(path, True, self._connection())

        def start(work: Any) -> None:
            self._errands.start(work, path)

        return await self._begin(session, channel, offer, start, before)

    async def watch(self, path: str, offer: str) -> tuple[str, str]:
        """Take a viewer; return the name of the session and the answer. Raises CommandError."""
        if not self._is_on(path):
            raise CommandError("not_found", "Nobody sends a picture there now; try again later.")
        if self._count(sends=False) >= self._bounds.viewers_max:
            raise _full(f"{self._bounds.viewers_max} viewers", "relay_viewers_max")
        session = Session(path, False, self._connection())
        return await self._begin(session, self._channel(path), offer, None, [])

    async def end(self, path: str, name: str) -> None:
        """End a session. Raises CommandError `not_found`."""
        session = self._sessions.get(name)
        if session is None or session.path != path:
            raise CommandError("not_found", "There is no such session; it may be over.")
        session.connection.over.set()

    async def aclose(self) -> None:
        """End everything."""
        for session in self._sessions.values():
            session.connection.over.set()
        for channel in self._channels.values():
            channel.stop()
        # Not by cancelling at once: aiortc, cancelled while it closes, leaves sockets behind.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._errands.finish()
        await self._errands.aclose()

    async def _begin(
        self,
        session: Session,
        channel: Channel,
        offer: str,
        start: Callable[[Any], None] | None,
        before: list[Session],
    ) -> tuple[str, str]:
        self._sessions[session.name] = session  # it counts while it is being answered
        try:
            if start is not None:
                answer = await session.connection.take(offer, channel, start)
                channel.is_sent = True
            else:
                answer, session.feeds = await session.connection.give(offer, channel)
        except BaseException:
            await self._forget(session)
            raise
        for each in before:
            each.connection.over.set()
        self._errands.start(self._look_after(session), session.path)
        return session.name, answer

    async def _look_after(self, session: Session) -> None:
        try:
            await session.connection.stay(self._bounds.session_s_max, sends=session.sends)
        finally:
            await self._forget(session)

    async def _forget(self, session: Session) -> None:
        """Take a session away, and what is there for its sake alone."""
        self._sessions.pop(session.name, None)
        channel = self._channels.get(session.path)
        if channel is not None:
            channel.remove(*session.feeds)
            if session.sends and not any(each.sends for each in self._of(session.path)):
                channel.is_sent = False
                # As MediaMTX does: pages come back when there is a picture again.
                if not channel.has_card:
                    for viewer in self._of(session.path):
                        viewer.connection.over.set()
            if not self._of(session.path):
                self._channels.pop(session.path).stop()
        with contextlib.suppress(Exception):  # aiortc may fail at what is half open; it is over
            await session.connection.close()

    def _connection(self) -> Connection:
        return Connection(asyncio.get_running_loop().time)

    def _channel(self, path: str) -> Channel:
        channel = self._channels.get(path)
        if channel is None:
            channel = self._channels[path] = Channel(self._errands, has_card=self._has_card(path))
            channel.start(path)
        return channel

    def _of(self, path: str) -> list[Session]:
        return [each for each in self._sessions.values() if each.path == path]

    def _is_on(self, path: str) -> bool:
        return self._has_card(path) or any(each.sends for each in self._of(path))

    def _count(self, *, sends: bool) -> int:
        return sum(each.sends is sends for each in self._sessions.values())


def _full(what: str, setting: str) -> CommandError:
    return CommandError(
        "limit_reached",
        f"This relay, which is for development, carries {what} at most (media.{setting}): try "
        "later, or use a media server.",
    )
