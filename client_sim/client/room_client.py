"""RoomClient: one person in one room, over as many connections as that takes.

async with RoomClient("http://127.0.0.1:8080", "demo", token) as room:
    await room.comment("求链接")
    order = await room.buy(room.state.view["sales"][-1]["sale"])
    async for event in room.events():
        ...
"""

import asyncio
import random
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from .commands import Commands
from .errors import CommandRefused, RoomClosed, RoomError, Unanswered, WireError
from .link import Link, Lost, connected, room_http_url
from .observer import Observer
from .state import Position, RoomState
from .wire import Message, Wire

if TYPE_CHECKING:  # it needs aiohttp, which few clients have
    from .stream_link import StreamLink

    AnyLink = Link | StreamLink

LEFT = "left"
"""The reason told to an observer when the connection ended by our own wish."""

_NOT_BY_A_RULE = ("unavailable", "internal")
_NO_REPLY: Message = {"t": "client.lost"}


@dataclass(frozen=True, slots=True)
class Options:
    """Limits and times of a client. Seconds are in `_s`."""

    join_s_max: float = 10.0  # from the first byte sent to the reply to `join`
    reply_s_max: float = 10.0  # after that a command counts as unanswered
    retry_s_max: float = 30.0  # how long commands are tried that may be repeated: see `Commands`
    backoff_s_min: float = 0.5  # first wait before coming back, unless `bye` names one
    backoff_s_max: float = 20.0
    attempts_max: int = 0  # failed connections in a row before giving up; 0 means never
    events_max: int = 10_000  # events kept for `events()`; the oldest are dropped and counted
    frame_bytes_max: int = 8 * 1024 * 1024
    comments_max: int | None = None  # kept in `state`; None: as many as snapshots of the room have
    deflate: bool = True
    proxy: str | None = None  # URL of an HTTP or (WebSocket only) SOCKS proxy


class RoomClient(Commands):
    """A room as one user sees it. Enter it as an async context manager.

    `url` is the server's base URL, or several: each new connection takes the next one. `token`
    may be a function, called for each join, so that a long-lived client renews it: also when the
    server ends the connection because its token expired, or refuses one, once; by HTTP a command
    whose token is refused asks for another, too. `last`
    resumes where an earlier client stopped. Entering raises CommandRefused or RoomClosed when
    the room will not have us; a server that can't be reached is tried again.
    """

    def __init__(
        self,
        url: str | Sequence[str],
        room: str,
        token: str | Callable[[], str] | None = None,
        *,
        wire: Wire = Wire.JSON,
        last: Position | None = None,
        source: Message | None = None,
        observer: Observer | None = None,
        options: Options | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.room = room
        self.wire = wire
        self.options = options or Options()
        self.state = RoomState(self.options.comments_max)
        self.you: Message = {}  # user, name, role: who the server takes us for now
        self.events_dropped = 0  # events nobody read in time
        self.connections = 0  # joins that were answered with `ok`
        self._urls = [url] if isinstance(url, str) else list(url)
        self._token = token
        self._source = source
        self._last = last
        self._observer = observer or Observer()
        self._rng = rng or random.Random()
        self._renewed = False  # a refused token was asked for anew since the last join
        self._link: AnyLink | None = None
        self._closed: RoomError | None = None
        self._changed = asyncio.Event()  # set once we are joined or closed
        self._waiting: dict[int, tuple[Message, asyncio.Future[Message], float]] = {}
        self._ref = 0
        self._events: deque[Message] = deque()
        self._news = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name=f"room {self.room}")
        try:
            await self._joined_link()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    @property
    def position(self) -> Position | None:
        """The position to resume from: give it to another RoomClient as `last`."""
        return self.state.position or self._last

    @property
    def connected(self) -> bool:
        """Whether we are joined right now."""
        return self._link is not None

    async def events(self) -> AsyncIterator[Message]:
        """Events from now on, each must-event once and in order, over all connections.

        Between two connections come `{"t": "client.lost", "code", "reason"}` and
        `{"t": "client.joined", "gap"}`; with `gap` true some must-events are not known, and
        `state` is all there is. Ends when the client is left; raises RoomClosed when the server
        sends us away for good, and when the client gave up.
        """
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed is not None:
                if isinstance(self._closed, RoomClosed) and self._closed.left:
                    return
                raise self._closed
            self._news.clear()
            await self._news.wait()

    async def request(self, op: str, **fields: Any) -> Message:
        """Send one command and return its `ok` reply.

        Raises CommandRefused (an `err` reply), Unanswered (the outcome is unknown) or RoomClosed.
        """
        try:
            return await self._once(op, fields)
        except (CommandRefused, Unanswered) as failure:
            if not (isinstance(failure, Unanswered) and failure.lost):
                self._came_to_nothing(op, failure)
            raise

    def _came_to_nothing(self, op: str, failure: RoomError) -> None:
        """Tell the observer, unless it was a rule of the room that refused."""
        if not isinstance(failure, CommandRefused) or failure.code in _NOT_BY_A_RULE:
            self._observer.failed(op, failure)

    async def _once(self, op: str, fields: Message) -> Message:
        try:
            async with asyncio.timeout(self.options.reply_s_max):
                link = await self._joined_link()
                return await self._ask(link, op, fields)
        except TimeoutError:
            raise Unanswered(
                f"No reply to `{op}` in {self.options.reply_s_max:g} s; it may have been done."
            ) from None

    async def request_again(self, op: str, **fields: Any) -> Message:
        """Like `request`, for commands that are harmless to send twice: repeated until answered.

        For at most `retry_s_max`; then the last CommandRefused (`unavailable`) or Unanswered.
        """
        give_up = asyncio.get_running_loop().time() + self.options.retry_s_max
        for attempt in range(1_000_000):
            wait_s = self._backoff_s(attempt)
            try:
                return await self._once(op, fields)
            except CommandRefused as refused:
                if refused.code != "unavailable":
                    self._came_to_nothing(op, refused)
                    raise
                wait_s = max(wait_s, (refused.retry_ms or 0) / 1000)
                failure: RoomError = refused
            except Unanswered as unanswered:
                failure = unanswered
            if asyncio.get_running_loop().time() + wait_s > give_up:
                self._came_to_nothing(op, failure)
                raise failure
            await asyncio.sleep(wait_s)
        raise AssertionError

    def drop(self) -> None:
        """Lose the connection as a phone in a lift does; the client comes back by itself."""
        if self._link is not None:
            self._link.drop()

    def guest(self) -> "RoomClient":
        """Return another client of the room, without a token: it sees a newcomer's snapshot."""
        return RoomClient(self._urls, self.room, wire=self.wire, options=self.options)

    def new_key(self) -> str:
        """A fresh idempotency key."""
        return secrets.token_urlsafe(16)

    async def _ask(self, link: "AnyLink", op: str, fields: Message) -> Message:
        self._ref += 1
        ref = self._ref
        command: Message = {"op": op, "ref": ref} | fields
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Message] = loop.create_future()
        self._waiting[ref] = (command, future, loop.time())
        try:
            await link.send(command)
            reply = await future
            if reply is _NO_REPLY:
                raise Unanswered(f"The connection was lost before the reply to `{op}`.", lost=True)
        except (Unanswered, asyncio.CancelledError):
            self._observer.unanswered(command)
            raise
        finally:
            self._waiting.pop(ref, None)
        if reply["t"] == "err":
            raise CommandRefused(reply["code"], reply["msg"], reply.get("retry_ms"))
        return reply

    async def _joined_link(self) -> "AnyLink":
        """Return the connection once it has joined. Raises the error that ended it for good."""
        while True:
            if self._closed is not None:
                raise self._closed
            if self._link is not None:
                return self._link
            self._changed.clear()
            await self._changed.wait()

    async def _keep(self) -> None:
        """Stay connected until told not to: the task behind this client."""
        failures = 0
        for attempt in range(1_000_000_000):
            try:
                joined_before = self.connections
                lost = await self._one_connection(self._urls[attempt % len(self._urls)])
            except RoomError as gone:
                self._finish(gone)
                return
            except Exception:
                self._finish(RoomClosed(0, "The client failed; leaving it raises the reason."))
                raise
            failures = 1 if self.connections > joined_before else failures + 1
            if 0 < self.options.attempts_max <= failures:
                self._finish(RoomClosed(0, f"Gave up after {failures} attempts: {lost.reason}."))
                return
            await asyncio.sleep(self._pause_s(lost, failures))

    def _pause_s(self, lost: Lost, failures: int) -> float:
        """Return the pause before coming back: the server's at least, spread over clients."""
        if lost.reconnect_ms is not None:
            return lost.reconnect_ms / 1000 * self._rng.uniform(1.0, 1.5)
        return self._backoff_s(failures - 1)

    def _backoff_s(self, failures: int) -> float:
        longest = min(
            self.options.backoff_s_max, self.options.backoff_s_min * 2.0 ** min(failures, 16)
        )
        return longest * self._rng.uniform(0.5, 1.0)

    async def _one_connection(self, url: str) -> Lost:
        """One connection from its start to its end; why it ended. RoomError: for good."""
        asked = self.position
        try:
            async with self._connected(url) as link:
                reply = await link.join(self._join_fields(asked))
                self._begin(link, asked, reply)
                async for messages in link:
                    for message in messages:
                        self._take(message)
        except Lost as lost:
            self._end(lost)
            if not lost.come_back:
                raise RoomClosed(lost.code, lost.reason) from None
            return lost
        except CommandRefused as refused:
            again = Lost(0, str(refused))
            self._end(again)
            if refused.code != "bad_token" or not callable(self._token) or self._renewed:
                raise
            self._renewed = True
            return again
        except WireError as broken:
            self._end(Lost(0, str(broken)))
            raise
        raise AssertionError("a link only ends by an exception")

    def _connected(self, url: str) -> "AbstractAsyncContextManager[AnyLink]":
        if self.wire is Wire.STREAM:
            renew = self._token if callable(self._token) else None
            return _streamed(room_http_url(url, self.room), self.options, renew)
        return connected(url, self.room, self.wire, self.options)

    def _join_fields(self, asked: Position | None) -> Message:
        fields: Message = {}
        token = self._token() if callable(self._token) else self._token
        if token is not None:
            fields["token"] = token
        if asked is not None:
            fields["last"] = asked._asdict()
        if self._source is not None:
            fields["source"] = self._source
        return fields

    def _begin(self, link: "AnyLink", asked: Position | None, reply: Message) -> None:
        self.you = reply["you"]
        self.state.joined(reply)
        self._observer.joined(asked, reply)
        if self.connections:
            self._keep_event({"t": "client.joined", "gap": reply.get("gap", False)})
        for event in reply.get("missed") or ():
            self._keep_event(event)
        self.connections += 1
        self._renewed = False
        self._link = link
        self._changed.set()

    def _end(self, lost: Lost) -> None:
        if self._link is not None:
            self._link = None
            self._observer.lost(lost.code, lost.reason)
            if lost.reason != LEFT:
                self._keep_event({"t": "client.lost", "code": lost.code, "reason": lost.reason})
        for _, future, _ in self._waiting.values():
            if not future.done():
                future.set_result(_NO_REPLY)

    def _take(self, message: Message) -> None:
        if message["t"] in ("ok", "err"):
            self._answer(message)
            return
        self._observer.event(message)
        seq, here = message.get("seq"), self.state.position
        if seq is not None and here is not None:
            if seq <= here.seq:
                return
            if seq > here.seq + 1:
                raise Lost(0, f"event {here.seq + 1} is missing; resuming")
        if message["t"] == "role":
            self.you = self.you | {"role": message["role"]}
        self.state.apply(message)
        self._keep_event(message)

    def _answer(self, reply: Message) -> None:
        waiting = self._waiting.get(reply.get("ref") or 0)
        if waiting is None:
            return
        command, future, sent_at = waiting
        for order in [reply["order"]] if "order" in reply else []:
            self.state.note_order(order)
        self._observer.answered(command, reply, asyncio.get_running_loop().time() - sent_at)
        if not future.done():
            future.set_result(reply)

    def _keep_event(self, event: Message) -> None:
        if len(self._events) >= self.options.events_max:
            self.events_dropped += 1
            if not self._events:
                return
            self._events.popleft()
        self._events.append(event)
        self._news.set()

    def _finish(self, why: RoomError) -> None:
        self._closed = self._closed or why
        self._changed.set()
        self._news.set()

    async def _stop(self) -> None:
        self._finish(RoomClosed(0, "The client was closed.", left=True))
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        self._end(Lost(0, LEFT))
        if keeper is not None and not keeper.cancelled():
            keeper.result()


def _streamed(
    url: str, options: Options, renew: Callable[[], str] | None
) -> "AbstractAsyncContextManager[StreamLink]":
    try:
        from .stream_link import streamed
    except ModuleNotFoundError:
        raise RuntimeError(
            "`Wire.STREAM` needs aiohttp, which is not installed: "
            "pip install 'liveroom-client[http]'."
        ) from None
    return streamed(url, options, renew)
