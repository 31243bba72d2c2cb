"""A proxy for HTTP between a client and a worker: it notes what it passes, and can hold it back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

_PASSED = ("Accept", "Authorization", "Content-Type", "Last-Event-ID")


class HttpProxy:
    """Passes streams and POSTs. `url` is its own address."""

    def __init__(self, target: str, session: ClientSession) -> None:
        self.url = ""
        self.posted: list[dict[str, Any]] = []
        """The commands that arrived here, in order."""
        self.most_at_once = 0
        """Most commands that were under way at once."""
        self.problems: list[dict[str, Any]] = []
        """The refusals that passed, as the server wrote them."""
        self.without_error = False
        """Whether to take the deprecated field `error` out of refusals."""
        self.free = asyncio.Event()
        """While it is clear, commands wait here."""
        self.free.set()
        self._target = target
        self._session = session
        self._at_once = 0
        self._streams: set[asyncio.Transport] = set()

    def cut(self) -> None:
        """Break all streams."""
        for transport in self._streams:
            transport.abort()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        async with self._session.get(self._at(request), headers=_headers(request)) as answer:
            if answer.status != 200:
                return await self._refusal(answer.status, await answer.json(content_type=None))
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            assert request.transport is not None
            self._streams.add(request.transport)
            try:
                async for data in answer.content.iter_any():
                    await response.write(data)
            except ConnectionError:
                pass  # the client left, or `cut` did it
            finally:
                self._streams.discard(request.transport)
            return response

    async def command(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.posted.append(body)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self.free.wait()
            async with self._session.post(
                self._at(request), json=body, headers=_headers(request)
            ) as answer:
                said = await answer.json(content_type=None)
        finally:
            self._at_once -= 1
        if "t" in said:
            return web.json_response(said, status=answer.status)
        return await self._refusal(answer.status, said)

    async def _refusal(self, status: int, problem: dict[str, Any]) -> web.Response:
        self.problems.append(problem)
        if self.without_error:
            problem = {name: value for name, value in problem.items() if name != "error"}
        return web.json_response(problem, status=status)

    def _at(self, request: web.Request) -> str:
        return self._target + request.path_qs


def _headers(request: web.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in _PASSED if name in request.headers}


@asynccontextmanager
async def http_proxy(target: str) -> AsyncIterator[HttpProxy]:
    """A proxy to the worker at this address."""
    timeout = ClientTimeout(total=None)
    async with ClientSession(connector=TCPConnector(limit=0), timeout=timeout) as session:
        proxy = HttpProxy(target, session)
        app = web.Application()
        app.router.add_get("/v1/rooms/{room}/stream", proxy.stream)
        app.router.add_post("/v1/rooms/{room}/commands", proxy.command)
        runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield proxy
        finally:
            await runner.cleanup()
