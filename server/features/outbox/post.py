"""Posts to other systems, over one pool of connections."""

from types import TracebackType
from typing import Self

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector


class HttpPost:
    """A callable `(url, body, headers) -> status`; an async context manager round its pool."""

    def __init__(self, timeout_s: float, connections_max: int) -> None:
        self._timeout = ClientTimeout(total=timeout_s)
        self._connections_max = connections_max
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = TCPConnector(limit=self._connections_max)
        self._session = ClientSession(timeout=self._timeout, connector=connector)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The HTTP status; OSError or TimeoutError if there was none. Follows no redirects."""
        assert self._session is not None
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as response:
                return response.status
        except ClientError as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
