"""`Idempotency-Key`: a POST that is sent twice with the same key is done once, and answered alike.

The header is that of draft-ietf-httpapi-idempotency-key-header. The script that does the work
remembers the request in the same step (see `store.request_key`), so neither a crash nor two copies
at once do it twice: copies run one after the other in Redis, and all get the answer of the first.
This module tells one request from another, and keeps the whole answer for later copies.
"""

import hashlib
import re
from typing import NamedTuple

import msgspec
from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.store.request_key import UNDER_WAY, UNKNOWN, RequestKey, tag_of
from server.store.room_store import RoomStore
from server.web.body import bytes_of
from server.web.caller import caller
from server.web.errors import ERROR_TYPE, PROBLEM_JSON, encoded_response, refusal
from server.web.route import Handler, Route

HEADER = "Idempotency-Key"
KEY_CHARS_MAX = 255

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-~]+")


class _Answer(msgspec.Struct):
    """The kept answer; status 0 if there is none yet."""

    status: int = 0
    body: str = ""


class _Home(NamedTuple):
    """The keys that remember a request: those of the room in its path, else those of its sender."""

    script: str
    of: str


_ANSWER = msgspec.msgpack.Decoder(_Answer)


class Idempotency:
    """Puts the memory of requests in front of the routes that take a key."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def kept(self, route: Route) -> Route:
        """Return the route, with a handler that does each request with a key once."""
        if route.method != "POST" or route.signed:
            return route
        if route.no_key:
            return route._replace(handler=_without_key(route))

        async def ask(request: web.Request) -> web.StreamResponse:
            if HEADER not in request.headers:
                return await route.handler(request)
            return await self._once(request, route.handler)

        return route._replace(handler=ask)

    async def _once(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        who = caller(request)
        sender, room = who.user, request.match_info.get("room")
        key = await _key_of(request, sender)
        if room and who.role is not Role.ADMIN and who.scopes is None:
            key.name += f".{tag_of(sender)}"
        home = _Home("answer", room) if room else _Home("host_answer", sender)
        known = await self._step("begin", home, key)
        if known.status:
            return _response(known)
        under_way = UNDER_WAY.set(key)
        try:
            answer = _answer_of(await handler(request))
        except CommandError as refused:
            if not key.begun:  # nothing was decided: the client may mend the request, same key
                await self._step("drop", home, key)
            if not key.begun or refused.code in UNKNOWN or refused.retry_ms is not None:
                raise
            answer = _answer_of(refusal(refused))
        finally:
            UNDER_WAY.reset(under_way)
        # If this fails, the client hears `unavailable` and asks again: nobody has the answer yet.
        return _response(await self._step("keep", home, key, answer))

    async def _step(
        self, step: str, home: _Home, key: RequestKey, answer: _Answer | None = None
    ) -> _Answer:
        args = key.step(step)
        if answer is not None:
            args |= {"status": answer.status, "body": answer.body}
        return await self._store.run_script(home.script, home.of, args, _ANSWER)


def _without_key(route: Route) -> Handler:
    async def ask(request: web.Request) -> web.StreamResponse:
        if HEADER in request.headers:
            raise CommandError(
                "bad_message", f"Leave out `{HEADER}`, which has no use here: {route.no_key}."
            )
        return await route.handler(request)

    return ask


async def _key_of(request: web.Request, sender: str) -> RequestKey:
    """Name the request by sender, path and key, and digest the rest. Raises CommandError."""
    name = [sender, request.method, request.path, _header_of(request)]
    # The sort makes the order of fields and spaces of no account.
    rest = [request.query_string, _sorted(await bytes_of(request))]
    return RequestKey(_digest(name), _digest(rest))


def _header_of(request: web.Request) -> str:
    raw = request.headers.getall(HEADER)
    if len(raw) > 1:
        raise CommandError("bad_message", f"Send one `{HEADER}`; this request has {len(raw)}.")
    value = raw[0].strip()
    if quoted := _QUOTED.fullmatch(value):
        value = re.sub(r"\\(.)", r"\1", quoted[1])
    elif not _BARE.fullmatch(value):
        value = ""
    if not 1 <= len(value) <= KEY_CHARS_MAX:
        raise CommandError(
            "bad_message",
            f"`{HEADER}` must be 1 to {KEY_CHARS_MAX} visible ASCII characters, with quotes around "
            "them or without; a UUID is a good one.",
        )
    return value


def _sorted(body: bytes) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(body), order="sorted").decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body.hex()  # no JSON: the handler will refuse it, or has no use for it


def _digest(parts: list[str]) -> str:
    """Hash texts so that no other list of texts has the same bytes."""
    return hashlib.blake2s(msgspec.json.encode(parts), digest_size=16).hexdigest()


def _answer_of(response: web.StreamResponse) -> _Answer:
    if not isinstance(response, web.Response):
        raise TypeError("A POST that takes a key answers at once, not piece by piece.")
    return _Answer(response.status, response.text or "")


def _response(answer: _Answer) -> web.Response:
    if not answer.body:
        return web.Response(status=answer.status)
    response = encoded_response(answer.body.encode(), answer.status)
    if answer.body.startswith(f'{{"type":"{ERROR_TYPE}'):
        response.content_type = PROBLEM_JSON
    return response
