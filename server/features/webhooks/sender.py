"""Posts events to endpoints: signed, in bounds of time and size, never into our own networks."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    TCPConnector,
)
from aiohttp.cookiejar import DummyCookieJar

from server import __version__
from server.access.signing import HEADER, sign
from server.access.standard_webhooks import headers_of
from server.features.webhooks.endpoints import Endpoint
from server.features.webhooks.events import WebhookEvent
from server.features.webhooks.networks import Lookups, Networks
from server.features.webhooks.settings import WebhookSettings

ANSWER_BYTES_MAX = 16_384
"""So much of an answer is read, and discarded: a longer one costs its connection."""
GONE = 410
_ASK_TO_WAIT = (429, 502, 503, 504)
_WAIT_S_MAX = 86_400.0
_WORDS_CHARS_MAX = 300


class Outcome(NamedTuple):
    """What became of a post. `status` 0: there was no answer; `error` is empty if it was 2xx."""

    status: int
    latency_ms: int
    error: str = ""
    wait_s: float = 0.0
    """Time that the answer asked to wait."""

    @property
    def is_away(self) -> bool:
        """Whether the endpoint as a whole can't take anything now, whatever it is sent."""
        return bool(self.error) and self.status in (0, *_ASK_TO_WAIT)


class Sender:
    """Posts over one pool of connections. An async context manager."""

    def __init__(
        self,
        settings: WebhookSettings,
        networks: Networks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._networks = networks
        self._clock = clock
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = self._settings
        connector = TCPConnector(
            limit=limits.endpoints_max * (limits.posts_at_once + 1),
            resolver=Lookups(limits.endpoints_max),
            socket_factory=self._networks.socket_to,
        )
        self._session = ClientSession(
            timeout=ClientTimeout(total=limits.timeout_s),
            connector=connector,
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(self, endpoint: Endpoint, event: WebhookEvent) -> Outcome:
        """Post an event; every failure is an outcome."""
        assert self._session is not None
        began = time.monotonic()
        try:
            async with self._session.post(
                endpoint.url,
                data=event.body,
                headers=self._headers(endpoint, event),
                allow_redirects=False,
            ) as answer:
                await _discard(answer)
                status, wait_s = answer.status, self._wait_s(answer)
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            return Outcome(0, _ms_since(began), _words_of(error))
        words = "" if 200 <= status < 300 else f"answered {status}"
        if 300 <= status < 400:
            words += "; redirects are not followed: change the URL instead"
        return Outcome(status, _ms_since(began), words, wait_s)

    def _headers(self, endpoint: Endpoint, event: WebhookEvent) -> dict[str, str]:
        now = self._clock()
        keys = endpoint.keys(int(now * 1000))
        return {
            "Content-Type": "application/json",
            "User-Agent": f"Liveroom/{__version__}",
            HEADER: sign(keys[0], int(now), event.body, *keys[1:]),
            **headers_of(keys, event.id, int(now), event.body),
        }

    def _wait_s(self, answer: ClientResponse) -> float:
        """Return what `Retry-After` asks for, in seconds; 0 if nothing that can be read."""
        text = answer.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 9:
            return min(float(text), _WAIT_S_MAX)
        try:
            at = parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError, OverflowError):
            return 0.0
        return min(max(0.0, at - self._clock()), _WAIT_S_MAX)


async def _discard(answer: ClientResponse) -> None:
    """Read what answers have to say, so that the connection serves again; not more."""
    left = ANSWER_BYTES_MAX
    while left > 0 and (part := await answer.content.read(left)):
        left -= len(part)
    if not answer.content.at_eof():
        answer.close()


def _ms_since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _words_of(error: BaseException) -> str:
    if isinstance(error, ClientConnectorError):
        error = error.os_error  # whose words it leaves out
    words = "it took too long" if isinstance(error, TimeoutError) else str(error)
    return f"{type(error).__name__}: {words}".rstrip(": ")[:_WORDS_CHARS_MAX]
