"""Takes the errors that pages report, and keeps them for the operator, within bounds.

A report says which page, which kind, the type of the error, and where in our own files. It has no
field for words: a message may hold what somebody wrote, and an address may hold a token. Whatever
is not one of ours (a type, a file) is left out of what is logged and shown.
"""

import logging
import re
import time
from collections.abc import Callable, Container, Iterable
from typing import Annotated, Final, Literal, NamedTuple, get_args

import msgspec
from aiohttp import hdrs, web

from server.access.client_address import FORWARDED_FOR, ClientAddresses, rate_name
from server.access.origin import is_own_origin
from server.access.rate import BucketsByName, PerSecond
from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.settings import Settings
from server.telemetry.metrics import PAGE_ERROR_KINDS, PAGES, Metrics
from server.web.body import body_of
from server.web.caller import PUBLIC_URL
from server.web.route import Route

log = logging.getLogger(__name__)

PATH: Final = "/v1/page-errors"
REPORT_BYTES_MAX: Final = 1024
PLACES_MAX: Final = 3
ADDRESSES_MAX: Final = 1000
"""Most addresses whose rates are remembered; the total allows fewer to be drained at once."""
CAUSES_MAX: Final = 50
"""Most causes that are kept; the one met longest ago is forgotten, and logged as new."""
SAY_AGAIN_S: Final = 60.0
NEW_CAUSES_SAID_MAX: Final = 20
"""Most causes that are logged within `SAY_AGAIN_S`; others are counted and shown."""
TYPES: Final = frozenset(
    [
        *("Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError"),
        *("TypeError", "URIError", "InternalError", "LiveroomError", "DOMException", "AbortError"),
        *("DataCloneError", "DataError", "HierarchyRequestError", "InvalidAccessError"),
        *("InvalidCharacterError", "InvalidStateError", "NetworkError", "NotAllowedError"),
        *("NotFoundError", "NotReadableError", "NotSupportedError", "OperationError"),
        *("QuotaExceededError", "SecurityError", "TimeoutError", "UnknownError"),
        *("connect-src", "default-src", "font-src", "frame-src", "img-src", "manifest-src"),
        *("media-src", "script-src", "script-src-elem", "script-src-attr", "style-src"),
        *("style-src-elem", "style-src-attr", "base-uri", "form-action", "frame-ancestors"),
        *("require-trusted-types-for", "trusted-types", "worker-src"),
    ]
)
"""Types of errors, and directives of the policy; a report's other words are left out."""

_PLACE = re.compile(r"(?P<file>[A-Za-z0-9/_.-]{1,60})(?::\d{1,5}:\d{1,5})?")

Page = Literal[
    "home", "watch", "h", "note", "write", "topic", "host", "ops", "login", "me", "select",
    "merchant",
]  # fmt: skip
Kind = Literal["error", "rejection", "load", "policy"]
assert get_args(Page) == PAGES
assert get_args(Kind) == PAGE_ERROR_KINDS


class PageError(Input, frozen=True, kw_only=True):
    """One report of a page. `at`: places in our files, such as `watch.js:80:5`, innermost first."""

    page: Page
    kind: Kind
    name: Annotated[str, msgspec.Meta(max_length=40)] = ""
    at: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=80)], ...], msgspec.Meta(max_length=PLACES_MAX)
    ] = ()


class PageErrorCount(msgspec.Struct):
    """A cause, how often it was reported to a worker since its start, and when last (Unix ms)."""

    page: str
    kind: str
    name: str
    at: list[str]
    count: int
    last: int


class _Cause(NamedTuple):
    page: str
    kind: str
    name: str
    at: tuple[str, ...]


class _Told:
    """The reports of one cause; `said_at` is the loop's clock at its last line in the log."""

    __slots__ = ("count", "last_ms", "said_at", "unsaid")

    def __init__(self) -> None:
        self.count = self.last_ms = self.unsaid = 0
        self.said_at: float | None = None


class PageErrors:
    """Counts, logs and keeps what pages report. `files` are the paths that a place may name."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        files: Container[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        limits = settings.pages
        self._per_address = (
            BucketsByName(
                limits.errors_per_address_per_min / 60,
                limits.errors_per_address_per_min,
                ADDRESSES_MAX,
            )
            if limits.errors_per_address_per_min
            else None
        )
        self._addresses = ClientAddresses(settings.server.trusted_proxies)
        self._takes_any = limits.errors_per_s_max > 0
        self._in_total = PerSecond(limits.errors_per_s_max)
        self._metrics = metrics
        self._files = files
        self._clock = clock
        self._causes: dict[_Cause, _Told] = {}
        """The causes that are kept, the one met longest ago first."""
        self._window_at = -SAY_AGAIN_S
        self._new_said = 0

    def routes(self) -> list[Route]:
        """The one route, for everybody's browser."""
        summary, why = "Report an error of a page.", "a page sends each cause once"
        return [Route("POST", PATH, summary, self.report, body=PageError, no_key=why)]

    async def report(self, request: web.Request) -> web.Response:
        """Take one report from a page of this server; 204. Raises CommandError."""
        origin = request.headers.get(hdrs.ORIGIN)  # browsers send it with every report
        if origin and not is_own_origin(origin, request.host, request.app.get(PUBLIC_URL, "")):
            raise CommandError("forbidden", "Only this server's own pages report errors here.")
        said = request.headers.getall(FORWARDED_FOR, ())
        address = rate_name(self._addresses.behind(request.remote or "", said))
        if not self._may_report(address):
            self._metrics.page_errors_dropped.inc()
            raise CommandError("rate_limited", "There are too many reports.", 60_000)
        if (request.content_length or 0) > REPORT_BYTES_MAX or request.content_length is None:
            raise CommandError(
                "too_long", f"A report declares its length, at most {REPORT_BYTES_MAX} bytes."
            )
        self.take(await body_of(request, PageError))
        return web.Response(status=204)

    def _may_report(self, address: str) -> bool:
        now = self._clock()
        if not self._takes_any:
            return False
        if self._per_address and self._per_address.wait_s(("address", address), now) > 0:
            return False
        return self._in_total.allow(now)

    def take(self, report: PageError) -> None:
        """Count a report, and log its cause if it is new or was silent for a while."""
        self._metrics.page_errors.labels(report.page, report.kind).inc()
        cause = _Cause(
            report.page,
            report.kind,
            report.name if report.name in TYPES else "",
            tuple(place for place in report.at if self._is_ours(place)),
        )
        told = self._causes.pop(cause) if cause in self._causes else _Told()
        self._causes[cause] = told
        if len(self._causes) > CAUSES_MAX:
            del self._causes[next(iter(self._causes))]
        told.count += 1
        told.unsaid += 1
        told.last_ms = unix_ms()
        now = self._clock()
        if (told.said_at is None or now - told.said_at >= SAY_AGAIN_S) and self._may_say(now):
            self._say(cause, told, now)

    def counts(self) -> list[PageErrorCount]:
        """The causes that are kept, the one met last first."""
        kept = [
            PageErrorCount(c.page, c.kind, c.name, list(c.at), told.count, told.last_ms)
            for c, told in self._causes.items()
        ]
        return sorted(kept, key=lambda count: -count.last)

    def _is_ours(self, place: str) -> bool:
        match = _PLACE.fullmatch(place)
        return match is not None and match["file"] in self._files

    def _may_say(self, now: float) -> bool:
        if now - self._window_at >= SAY_AGAIN_S:
            self._window_at, self._new_said = now, 0
        self._new_said += 1
        return self._new_said <= NEW_CAUSES_SAID_MAX

    def _say(self, cause: _Cause, told: _Told, now: float) -> None:
        log.warning(
            "Browsers report a failure of the page `%s`: %s%s, at %s. Reports since it was last "
            "logged: %d; in all: %d.",
            *(cause.page, cause.kind, f" {cause.name}" * bool(cause.name)),
            *(" < ".join(cause.at) or "no place that is known", told.unsaid, told.count),
        )
        told.said_at, told.unsaid = now, 0


def merged(counts: Iterable[PageErrorCount], most: int) -> list[PageErrorCount]:
    """Add up the counts of several workers by cause; the `most` met last, the newest first."""
    together: dict[_Cause, PageErrorCount] = {}
    for one in counts:
        cause = _Cause(one.page, one.kind, one.name, tuple(one.at))
        before = together.get(cause)
        together[cause] = msgspec.structs.replace(
            one,
            count=one.count + (before.count if before else 0),
            last=max(one.last, before.last if before else 0),
        )
    return sorted(together.values(), key=lambda one: -one.last)[:most]
