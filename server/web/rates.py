"""Limits how often an address, a user or another server may send HTTP requests to this worker.

Whoever sends no valid token is counted by address, a user by their id, and other servers (tokens of
admins, signed messages) with a rate of their own; commands that a user sends to a room are counted
as those of a socket, and those to all rooms, be they there or not, by the rate of users once more.
Streams are not counted, but those that are refused are. Responses carry the fields of
draft-ietf-httpapi-ratelimit-headers-11: `RateLimit-Policy` (q requests per w seconds) and
`RateLimit` (r are left; all are there again after t seconds). A refused request gets 429 with
`Retry-After` and a sentence. A crowd of connections that does not wait is made to: the more of a
sender's requests were refused within a second, the later the next refusal is sent.

Every route is limited but those in `EXEMPT`, and those that say themselves why not
(`Route.no_rate`); what is added later is limited too.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web
from aiohttp.typedefs import Middleware
from cachetools import LRUCache

from server.access.client_address import FORWARDED_FOR, ClientAddresses, rate_name
from server.access.rate import BucketsByName
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web.caller import caller
from server.web.errors import refusal
from server.web.pages import PAGES
from server.web.route import COMMANDS, STREAM, WEBSOCKET, Route

EXEMPT = {
    "/healthz": "a prober that is refused restarts a worker that is well",
    "/readyz": "a balancer that is refused takes the worker out; its answer is kept for a moment",
    "/metrics": "the operator would be blind just when there is much to see",
    "/favicon.ico": "a file from memory",
    "/static/{path}": "files from memory; one page asks for dozens at once",
    **dict.fromkeys(
        PAGES, "a page for people: a file from memory; the data it asks for are counted"
    ),
    WEBSOCKET: "the edge limits sockets and joins by rules of its own",
    STREAM: "likewise: a stream has a place among the sockets; what is refused before is counted",
}
"""The paths without a rate, each with the reason."""

REFUSED_AT_ONCE = 20
"""Refusals of one sender within a second that are sent at once."""
HOLD_S = 0.005
"""The delay that each further refusal adds to the one before."""
HOLD_S_MAX = 1.0

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
Refused = tuple[web.Response, float]
"""The response, and the seconds to hold it back."""
_FIELDS = web.RequestKey("ratelimit", dict[str, str])

_log = logging.getLogger(__name__)


class Refusals:
    """How many requests of each sender were refused in this second, for `senders_max` senders."""

    def __init__(self, senders_max: int) -> None:
        self._counts: LRUCache[str, tuple[int, int]] = LRUCache(senders_max)

    def hold_s(self, name: str, now: float) -> float:
        """Count one more refusal; return how long to hold it back."""
        second, count = self._counts.get(name, (0, 0))
        count = count + 1 if second == int(now) else 1
        self._counts[name] = (int(now), count)
        return min(max(0, count - REFUSED_AT_ONCE) * HOLD_S, HOLD_S_MAX)


class Rate(NamedTuple):
    """The rate of one kind of senders: `per_s` on average, `burst` at once; 0 a second: none."""

    sender: str
    whose: str
    per_s: float
    burst: int
    buckets: BucketsByName
    refusals: Refusals

    @property
    def policy(self) -> str:
        """The rate as `RateLimit-Policy` says it: the burst, and the time it takes to refill."""
        return f'"{self.sender}";q={self.burst};w={max(1, math.ceil(self.burst / self.per_s))}'


class Rates:
    """The rates of this worker. `signed` are the routes whose messages are signed by a server."""

    def __init__(self, settings: Settings, metrics: Metrics, routes: Iterable[Route]) -> None:
        limits = settings.rest

        def rate(sender: str, whose: str, per_s: float, burst: int) -> Rate:
            buckets = BucketsByName(per_s, burst, limits.senders_max)
            return Rate(sender, whose, per_s, burst, buckets, Refusals(limits.senders_max))

        self._address = rate("address", "Your address", limits.address_per_s, limits.address_burst)
        self._user = rate("user", "You", limits.user_per_s, limits.user_burst)
        self._service = rate("service", "Your server", limits.service_per_s, limits.service_burst)
        edge = settings.edge
        self._command = rate("command", "You", edge.commands_per_s, edge.commands_burst)
        self._addresses = ClientAddresses(settings.server.trusted_proxies)
        self._free = {*EXEMPT, *(route.path for route in routes if route.no_rate)}
        self._signed = {(route.method, route.path) for route in routes if route.signed}
        self._metrics = metrics
        self._warned = False

    @property
    def middleware(self) -> Middleware:
        """The middleware that refuses; the first, so that a refusal costs nothing else."""

        @web.middleware
        async def limit(request: web.Request, handler: Handle) -> web.StreamResponse:
            resource = request.match_info.route.resource
            path = "" if resource is None else resource.canonical
            if path == STREAM:
                return await self._stream(request, handler)
            if path in self._free:
                return await handler(request)
            refused = self._refusal(request, path)
            return await (handler(request) if refused is None else _held(refused))

        return limit

    async def _stream(self, request: web.Request, handler: Handle) -> web.StreamResponse:
        """Let a request for a stream through, unless too many of its sender's were refused.

        The edge counts those it takes. The others would be free: a client could ask on one
        connection, as fast as it likes, whether it may enter a room.
        """
        rate, name = self._sender(request, STREAM)
        now = asyncio.get_running_loop().time()
        if rate.buckets.left((STREAM, name), now) < 1.0:
            refused = self._spend(request, rate, STREAM, name)
            if refused is not None:
                return await _held(refused)
        response = await handler(request)
        if HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._spend(request, rate, STREAM, name)
        return response

    def _refusal(self, request: web.Request, path: str) -> Refused | None:
        """Count a request; return its refusal if it is one too many."""
        rate, name = self._sender(request, path)
        refused = self._spend(request, rate, rate.sender, name)
        if refused is None and rate is self._command:
            # A room that does not exist has a bucket, too: without this a client would name others.
            refused = self._spend(request, self._user, COMMANDS, caller(request).user)
        return refused

    def _spend(self, request: web.Request, rate: Rate, what: str, name: str) -> Refused | None:
        """Take one of the sender's `rate`, of which there is one for each `what`."""
        if not rate.per_s:
            return None
        now = asyncio.get_running_loop().time()
        wait_s, left = rate.buckets.spend((what, name), now)
        full_s = math.ceil((rate.burst - left) / rate.per_s)
        if wait_s or _FIELDS not in request:  # of two rates the narrower is told
            request[_FIELDS] = {
                "RateLimit-Policy": rate.policy,
                "RateLimit": f'"{rate.sender}";r={int(left)};t={full_s}',
            }
        if not wait_s:
            return None
        self._metrics.requests_limited.labels(rate.sender).inc()
        response = refusal(
            CommandError(
                "rate_limited",
                f"{rate.whose} sent more than {rate.burst} requests at once, or more than "
                f"{rate.per_s:g} a second for long: wait {math.ceil(wait_s)} s, then send again.",
                math.ceil(wait_s * 1000),
            )
        )
        return response, rate.refusals.hold_s(name, now)

    def _sender(self, request: web.Request, path: str) -> tuple[Rate, str]:
        """Return the rate that a request counts for, and the name of its sender there."""
        if (request.method, path) in self._signed:
            return self._service, f"signed {self._address_of(request)}"
        try:
            who = caller(request)
        except CommandError:  # no token, a bad one, or a cookie from elsewhere
            return self._address, self._address_of(request)
        if who.role is Role.ADMIN or who.scopes is not None:
            return self._service, who.user
        if path == COMMANDS:  # one user in one room may send as much as by one socket
            return self._command, f"{who.user} {request.match_info['room']}"
        return self._user, who.user

    def _address_of(self, request: web.Request) -> str:
        peer = request.remote or ""
        said = request.headers.getall(FORWARDED_FOR, ())
        if said and not self._warned and not self._addresses.is_trusted(peer):
            self._warned = True
            _log.warning(
                "A request from %s has %s, and that is no trusted proxy: all who come through it "
                "share one rate. If it is yours, add it to server.trusted_proxies. (Said once.)",
                *(peer, FORWARDED_FOR),
            )
        return rate_name(self._addresses.behind(peer, said))


async def _held(refused: Refused) -> web.Response:
    """Return the refusal when it is time."""
    response, hold_s = refused
    if hold_s:
        await asyncio.sleep(hold_s)
    return response


async def tell(request: web.Request, response: web.StreamResponse) -> None:
    """Put the fields of the sender's rate on a response, whatever made it; a signal of aiohttp."""
    response.headers.update(request.get(_FIELDS, {}))
