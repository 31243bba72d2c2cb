"""A room by HTTP: the events as a stream, each command a POST. It never reconnects.

To a client it looks like a `Link`. It is for networks that break WebSockets; a viewer's replies and
events then come by different connections, in any order.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from .errors import CommandRefused, Unanswered, WireError
from .link import NO_CODE, LinkOptions, Lost, comes_back
from .wire import Message, Wire

_READS_ONLY = ("viewer", "guest")
_BEAT = re.compile(rb": heartbeat every ([0-9.]+) s")
_BEATS_MAX = 2.5
"""So many heartbeats of a stream without a byte, then it is given up."""

Renew = Callable[[], str | None]


@asynccontextmanager
async def streamed(
    url: str, options: LinkOptions, renew: Renew | None = None
) -> AsyncIterator["StreamLink"]:
    """A link to the room at this address, not joined yet. `renew` gets another token, for a command
    whose own was refused: the stream may outlive it."""
    timeout = ClientTimeout(total=None, sock_connect=options.join_s_max)
    # A stream holds its connection, and commands must not wait for one another.
    session = ClientSession(connector=TCPConnector(limit=0), timeout=timeout)
    link = StreamLink(session, url, options, renew)
    try:
        yield link
    finally:
        await link.close()


class StreamLink:
    """`join` once, then iterate over frames: lists of messages, replies among them.

    Joining and iterating raise Lost when the stream ends; the iteration never ends otherwise.
    """

    def __init__(
        self, session: ClientSession, url: str, options: LinkOptions, renew: Renew | None
    ) -> None:
        self._session = session
        self._url = url
        self._options = options
        self._renew = renew
        self._headers: dict[str, str] = {}  # replaced, never changed, with the token
        self._beat_s = 25.0  # as the stream's first comment says it
        self._query = ""
        self._frames: asyncio.Queue[list[Message] | Exception] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._response: ClientResponse | None = None
        self._turn = asyncio.Lock()
        self._in_turn = False
        self._bye: Message | None = None

    async def close(self) -> None:
        """Leave, and wait until the connections are gone."""
        try:
            if self._reader is not None:
                self._reader.cancel()
                await asyncio.wait([self._reader])
        finally:  # also if the client is left meanwhile
            await self._session.close()

    def drop(self) -> None:
        """Break the stream without a word."""
        if self._response is not None and self._response.connection is not None:
            transport = self._response.connection.transport
            if transport is not None:
                transport.abort()

    async def join(self, fields: Message) -> Message:
        """Open the stream; the reply to the join. Raises CommandRefused, or Lost for later."""
        self._headers = _bearer(fields.get("token"))
        if source := fields.get("source"):
            named = ":".join(filter(None, (source["kind"], source.get("id"))))
            self._query = "?" + urlencode({"source": named})
        self._reader = asyncio.create_task(self._read(fields.get("last")), name=self._url)
        try:
            async with asyncio.timeout(self._options.join_s_max):
                [reply, *early] = await self._next()
        except TimeoutError:
            raise Lost(0, f"no reply to join in {self._options.join_s_max:g} s") from None
        if reply["t"] != "ok":
            raise WireError(f"The stream began with `{reply['t']}` and not with a reply.")
        if early:
            self._frames.put_nowait(early)
        self._in_turn = reply["you"]["role"] not in _READS_ONLY
        return reply

    async def send(self, command: Message) -> None:
        """Send one command and wait for its reply, which the iteration gives. Raises Unanswered."""
        if not self._in_turn or command["op"] == "ping":
            return await self._post(command)
        async with self._turn:
            return await self._post(command)

    async def __aiter__(self) -> AsyncIterator[list[Message]]:
        while True:
            yield await self._next()

    async def _next(self) -> list[Message]:
        frame = await self._frames.get()
        if isinstance(frame, Exception):
            raise frame
        return frame

    async def _post(self, command: Message) -> None:
        headers = self._headers
        reply = await self._ask(command, headers)
        if reply["t"] == "err" and reply["code"] == "bad_token" and self._renew is not None:
            if headers is self._headers:  # else another command has renewed it meanwhile
                self._headers = _bearer(self._renew())
            reply = await self._ask(command, self._headers)  # nothing was done by the first
        self._frames.put_nowait([reply])

    async def _ask(self, command: Message, headers: dict[str, str]) -> Message:
        """Send a command; its reply. Raises Unanswered."""
        try:
            async with self._session.post(
                f"{self._url}/commands{self._query}",
                json=command,
                headers=headers,
                proxy=self._options.proxy,
            ) as response:
                said = await response.json(content_type=None)
        except (ClientError, OSError, ValueError) as error:
            raise Unanswered(f"The command got no answer: {error}", lost=True) from None
        return _as_reply(said, response, command["ref"])

    async def _read(self, last: Message | None) -> None:
        """Read the stream to its end: the task behind this link."""
        headers = self._headers | {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = f"{last['epoch']}:{last['seq']}"
        try:
            async with self._session.get(
                f"{self._url}/stream{self._query}", headers=headers, proxy=self._options.proxy
            ) as response:
                self._response = response
                if response.status != 200:
                    raise await _refused(response)
                await self._read_events(response)
            ended: Exception = self._lost("the stream ended")
        except (ClientError, OSError) as error:
            ended = self._lost(str(error) or type(error).__name__)
        except (Lost, CommandRefused, WireError) as error:
            ended = error
        self._frames.put_nowait(ended)

    async def _read_events(self, response: ClientResponse) -> None:
        data = b""
        while some := await self._heard(response):
            *events, data = (data + some).split(b"\n\n")
            if len(data) > self._options.frame_bytes_max:
                raise WireError(f"An event has more than {self._options.frame_bytes_max} bytes.")
            for event in events:
                self._take_event(event)

    async def _heard(self, response: ClientResponse) -> bytes:
        """Return the next bytes, none at the end. Raises Lost if even heartbeats stay away."""
        silence_s = self._beat_s * _BEATS_MAX
        try:
            async with asyncio.timeout(silence_s):
                return await response.content.readany()
        except TimeoutError:
            raise Lost(NO_CODE, f"nothing was heard for {silence_s:g} s") from None

    def _take_event(self, event: bytes) -> None:
        for line in event.split(b"\n"):
            if beat := _BEAT.match(line):
                self._beat_s = float(beat[1])
            name, _, value = line.partition(b": ")
            if name != b"data":
                continue
            messages = Wire.STREAM.unpack(value.decode())
            for message in messages:
                if message["t"] == "bye":
                    self._bye = message
                elif message["t"] == "role":
                    self._in_turn = message["role"] not in _READS_ONLY
            self._frames.put_nowait(messages)

    def _lost(self, reason: str) -> Lost:
        if self._bye is None:
            return Lost(NO_CODE, reason)
        pause_ms = self._bye.get("reconnect_ms")
        code = self._bye["code"]
        said = self._bye.get("msg") or reason
        return Lost(code, said, reconnect_ms=pause_ms, come_back=comes_back(code))


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _as_reply(said: Any, response: ClientResponse, ref: int) -> Message:
    """The answer to a command as a reply on a socket. Raises Unanswered if it is no answer."""
    if isinstance(said, dict) and said.get("t") in ("ok", "err"):
        return said | {"ref": ref}
    refusal = _refusal(said)
    if refusal is None:
        raise Unanswered(f"HTTP {response.status} instead of a reply.", lost=True) from None
    return refusal | {"ref": ref}


def _refusal(said: Any) -> Message | None:
    """A problem (RFC 9457) as an `err` without a ref; None if it is none of this server's."""
    if not isinstance(said, dict) or not isinstance(said.get("code"), str):
        return None
    waits = {"retry_ms": said["retry_ms"]} if said.get("retry_ms") is not None else {}
    return {"t": "err", "code": said["code"], "msg": said.get("detail", ""), **waits}


async def _refused(response: ClientResponse) -> Exception:
    """Return why there is no stream: for now (Lost), or for good."""
    body = await response.text()
    try:
        refusal = _refusal(json.loads(body))
    except ValueError:
        refusal = None
    if refusal is None:  # a proxy's words: it knows seconds alone
        later = response.status in (408, 425, 429) or response.status >= 500
        said = body.strip()[:200] or f"HTTP {response.status}"
        after_s = response.headers.get("Retry-After", "")
        pause_ms = int(after_s) * 1000 if after_s.isdigit() else None
        return Lost(response.status, said, reconnect_ms=pause_ms, come_back=later)
    pause_ms = refusal.get("retry_ms")
    if pause_ms is not None or refusal["code"] == "unavailable":
        return Lost(0, f"join refused: {refusal['msg']}", reconnect_ms=pause_ms)
    return CommandRefused(refusal["code"], refusal["msg"])
