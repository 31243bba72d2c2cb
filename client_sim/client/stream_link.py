"""A room by HTTP: the events as a stream, each command a POST. It never reconnects.

To a client it looks like a `Link`. It is for networks that break WebSockets; a viewer's replies and
events then come by different connections, in any order.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from .errors import CommandRefused, Unanswered, WireError
from .link import COME_BACK, NO_CODE, LinkOptions, Lost
from .wire import Message, Wire

_READS_ONLY = ("viewer", "guest")


@asynccontextmanager
async def streamed(url: str, options: LinkOptions) -> AsyncIterator["StreamLink"]:
    """A link to the room at this address, not joined yet."""
    timeout = ClientTimeout(total=None, sock_connect=options.join_s_max)
    # A stream holds its connection, and commands must not wait for one another.
    session = ClientSession(connector=TCPConnector(limit=0), timeout=timeout)
    link = StreamLink(session, url, options)
    try:
        yield link
    finally:
        await link.close()


class StreamLink:
    """`join` once, then iterate over frames: lists of messages, replies among them.

    Joining and iterating raise Lost when the stream ends; the iteration never ends otherwise.
    """

    def __init__(self, session: ClientSession, url: str, options: LinkOptions) -> None:
        self._session = session
        self._url = url
        self._options = options
        self._headers: dict[str, str] = {}
        self._query = ""
        self._frames: asyncio.Queue[list[Message] | Exception] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None
        self._response: ClientResponse | None = None
        self._turn = asyncio.Lock()
        self._in_turn = False
        self._bye: Message | None = None

    async def close(self) -> None:
        """Leave, and wait until the connections are gone."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        await self._session.close()

    def drop(self) -> None:
        """Break the stream without a word."""
        if self._response is not None and self._response.connection is not None:
            transport = self._response.connection.transport
            if transport is not None:
                transport.abort()

    async def join(self, fields: Message) -> Message:
        """Open the stream; the reply to the join. Raises CommandRefused, or Lost for later."""
        if "token" in fields:
            self._headers["Authorization"] = f"Bearer {fields['token']}"
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
        if not self._in_turn:
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
        try:
            async with self._session.post(
                f"{self._url}/commands{self._query}",
                json=command,
                headers=self._headers,
                proxy=self._options.proxy,
            ) as response:
                said = await response.json(content_type=None)
        except (ClientError, OSError, ValueError) as error:
            raise Unanswered(f"The command got no answer: {error}", lost=True) from None
        self._frames.put_nowait([_as_reply(said, response, command["ref"])])

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
        async for some in response.content.iter_any():
            *events, data = (data + some).split(b"\n\n")
            if len(data) > self._options.frame_bytes_max:
                raise WireError(f"An event has more than {self._options.frame_bytes_max} bytes.")
            for event in events:
                self._take_event(event)

    def _take_event(self, event: bytes) -> None:
        for line in event.split(b"\n"):
            name, _, value = line.partition(b": ")
            if name != b"data":
                continue
            messages = Wire.STREAM.unpack(value.decode())
            for message in messages:
                if message["t"] == "bye":
                    self._bye = message
            self._frames.put_nowait(messages)

    def _lost(self, reason: str) -> Lost:
        if self._bye is None:
            return Lost(NO_CODE, reason)
        pause_ms = self._bye.get("reconnect_ms")
        code = self._bye["code"]
        come_back = COME_BACK.get(code, pause_ms is not None)
        said = self._bye.get("msg") or reason
        return Lost(code, said, reconnect_ms=pause_ms, come_back=come_back)


def _retry_ms(response: ClientResponse) -> int | None:
    after_s = response.headers.get("Retry-After", "")
    return int(after_s) * 1000 if after_s.isdigit() else None


def _as_reply(said: Any, response: ClientResponse, ref: int) -> Message:
    """The answer to a command as a reply on a socket. Raises Unanswered if it is no answer."""
    if isinstance(said, dict) and said.get("t") in ("ok", "err"):
        return said | {"ref": ref}
    try:
        error = said["error"]
        reply = {"t": "err", "ref": ref, "code": error["code"], "msg": error["msg"]}
    except (KeyError, TypeError):
        raise Unanswered(f"HTTP {response.status} instead of a reply.", lost=True) from None
    retry_ms = _retry_ms(response)
    return reply if retry_ms is None else reply | {"retry_ms": retry_ms}


async def _refused(response: ClientResponse) -> Exception:
    """Return why there is no stream: for now (Lost), or for good."""
    body = await response.text()
    pause_ms = _retry_ms(response)
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        later = response.status in (408, 425, 429) or response.status >= 500
        said = body.strip()[:200] or f"HTTP {response.status}"
        return Lost(response.status, said, reconnect_ms=pause_ms, come_back=later)
    if pause_ms is not None or error["code"] == "unavailable":
        return Lost(0, f"join refused: {error['msg']}", reconnect_ms=pause_ms)
    return CommandRefused(error["code"], error["msg"])
