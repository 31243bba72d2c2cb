"""Refusals over HTTP: the same codes as on sockets, each with an HTTP status."""

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from server.protocol.codes import ERRORS, CommandError
from server.protocol.message import Err
from server.records.errors import RecordsAway, RecordsUnusable

log = logging.getLogger(__name__)


def _is_ours(record: logging.LogRecord) -> bool:
    strange = (HttpProcessingError, RequestPayloadError)
    return not (record.exc_info and isinstance(record.exc_info[1], strange))


# aiohttp logs an error with a traceback for any malformed bytes that a stranger sends.
logging.getLogger("aiohttp.server").addFilter(_is_ours)

STATUS = {
    "bad_message": 400,
    "bad_token": 401,
    "forbidden": 403,
    "muted": 403,
    "not_found": 404,
    "too_long": 413,
    "key_reused": 422,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
}
RECORDS_RETRY_MS = 2000
CONFLICT = 409
"""The status of every other code: the request is valid, but the room's state forbids it."""


def json_response(body: object, status: int = 200) -> web.Response:
    """Make a JSON response from any msgspec type."""
    return encoded_response(msgspec.json.encode(body), status)


def encoded_response(body: bytes, status: int = 200) -> web.Response:
    """Make a response from bytes of JSON."""
    return web.Response(body=body, status=status, content_type="application/json")


class ErrorDetail(msgspec.Struct):
    """Tells why a request was refused."""

    code: str
    msg: str


class Problem(msgspec.Struct, omit_defaults=True):
    """The body of every refusal: a problem of RFC 9457, with a code of the error table.

    `type` leads to the table and `title` is its meaning; `detail` is a sentence for a person.
    `retry_ms` is the wait before the next try. `error` is deprecated: it says the same as `code`
    and `detail`.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    error: ErrorDetail
    retry_ms: int | None = None


PROBLEM_JSON = "application/problem+json"
ERROR_TYPE = "urn:liveroom:error:"
"""Before a code: the name of a kind of problem. docs/protocol.md has a table of them."""


def error_response(code: str, msg: str, status: int, retry_ms: int | None = None) -> web.Response:
    """Make the response that tells a problem."""
    title = ERRORS[code].meaning
    detail = ErrorDetail(code, msg)
    problem = Problem(ERROR_TYPE + code, title, status, msg, code, detail, retry_ms)
    body = msgspec.json.encode(problem)
    return web.Response(body=body, status=status, content_type=PROBLEM_JSON)


class RefusedCommand(CommandError):
    """A command that came by HTTP was refused; its sender gets the `err` that a socket would get.

    `ref` is the command's, None if it is unreadable.
    """

    def __init__(self, ref: int | None, why: CommandError) -> None:
        super().__init__(why.code, why.msg, why.retry_ms)
        self.ref = ref


def refusal(exc: CommandError) -> web.Response:
    """Make the response to a refused request."""
    status = STATUS.get(exc.code, CONFLICT)
    if isinstance(exc, RefusedCommand):
        err = Err(ref=exc.ref, code=exc.code, msg=exc.msg, retry_ms=exc.retry_ms)
        response = json_response(err, status)
    else:
        response = error_response(exc.code, exc.msg, status, exc.retry_ms)
    if exc.retry_ms is not None:
        response.headers["Retry-After"] = str(-(-exc.retry_ms // 1000))
    if exc.code == "bad_token":
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@web.middleware
async def errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer every failure under /v1 with a problem, never a traceback."""
    try:
        return await handler(request)
    except CommandError as exc:
        return refusal(exc)
    except (RecordsAway, RecordsUnusable) as away:
        log.warning("%s %s was refused: %s", request.method, request.path, away)
        msg = "What outlasts a room can't be read or written now; nothing was changed."
        return refusal(CommandError("unavailable", msg, RECORDS_RETRY_MS))
    except web.HTTPException as exc:
        if not request.path.startswith("/v1/"):
            raise
        if exc.status < 400:
            raise
        code = {404: "not_found", 413: "too_long"}.get(exc.status, "bad_message")
        msg = f"{request.method} {request.path}: {exc.reason}."
        response = error_response(code, msg, exc.status)
        if exc.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            response.force_close()  # the rest of the body is still on its way
        if "Allow" in exc.headers:
            response.headers["Allow"] = exc.headers["Allow"]
        return response
    except Exception as exc:
        if isinstance(exc, ConnectionError) and _is_gone(request):
            log.debug("The client of %s %s left.", request.method, request.path)
        else:
            log.exception("%s %s failed.", request.method, request.path)
        return refusal(CommandError("internal", "The server failed at this request."))


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
