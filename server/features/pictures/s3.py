"""Pictures in a bucket of S3-compatible storage, over aiohttp."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from aiohttp.cookiejar import DummyCookieJar
from yarl import URL

from server import __version__
from server.features.pictures.sigv4 import S3Key, quoted_path, signed_headers
from server.features.pictures.storage import StorageAway

ANSWER_BYTES_MAX = 33_554_432
"""Longest file that is read; ours are far shorter."""
_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
_WORDS_MAX = 300
_NOT_FOUND = 404


class BucketStorage:
    """Keeps files as objects. An async context manager; it opens its connections when it is first
    used, so a command that never starts its tasks can use it too."""

    def __init__(
        self,
        url: str,
        key: S3Key,
        timeout_s: float,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        split = urlsplit(url)
        path = quoted_path(unquote(split.path))
        self._base = urlunsplit((split.scheme, split.netloc, path, "", ""))
        self._key = key
        self._timeout_s = timeout_s
        self._clock = clock
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def put(self, name: str, body: bytes) -> None:
        """Store an object; the storage answers once it is kept."""
        await self._ask("PUT", name, body, {"Content-Type": _TYPES[name.rpartition(".")[2]]})

    async def get(self, name: str) -> bytes | None:
        """Read an object."""
        return await self._ask("GET", name)

    async def remove(self, name: str) -> None:
        """Remove an object; S3 answers alike whether it was there or not."""
        await self._ask("DELETE", name)

    async def _ask(
        self, method: str, name: str, body: bytes = b"", more: dict[str, str] | None = None
    ) -> bytes | None:
        """Send a request; return the answer's body, None if there is no such object."""
        url = f"{self._base}/{quoted_path(name)}"
        headers = signed_headers(self._key, method, url, more or {}, body, self._clock())
        try:
            async with self._opened().request(
                method,
                URL(url, encoded=True),  # as it was signed
                data=BytesIO(body) if body else None,  # bytes this long would block the loop
                headers=headers,
                allow_redirects=False,
            ) as answer:
                said = await _whole(answer)
                if answer.status == _NOT_FOUND and b"NoSuchBucket" not in said:
                    return None
                if not 200 <= answer.status < 300:
                    words = " ".join(said[:_WORDS_MAX].decode(errors="replace").split())
                    raise StorageAway(f"{method} {url} was answered {answer.status}: {words}")
                return said
        except (ClientError, OSError, TimeoutError) as error:
            raise StorageAway(f"{method} {url}: {error or type(error).__name__}") from error

    def _opened(self) -> ClientSession:
        if self._session is None:
            timeout = ClientTimeout(total=self._timeout_s)
            self._session = ClientSession(
                timeout=timeout,
                cookie_jar=DummyCookieJar(),
                auto_decompress=False,
                # Not among the signed headers: a proxy may change it.
                headers={"User-Agent": f"Liveroom/{__version__}"},
            )
        return self._session


async def _whole(answer: ClientResponse) -> bytes:
    """Read an answer to its end. Raises StorageAway for one that never ends."""
    parts, size = [], 0
    async for part in answer.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            raise StorageAway(f"The answer of {answer.url} has more than {ANSWER_BYTES_MAX} bytes.")
    return b"".join(parts)
