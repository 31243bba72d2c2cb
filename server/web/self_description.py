"""Tells clients what this server knows: requests as OpenAPI, messages as AsyncAPI, and commands.

Fields and commands that a server doesn't know are refused, so a client that is newer than some
servers asks here first.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web

from server import __version__
from server.protocol.codec import SUBPROTOCOLS
from server.protocol.message import Command
from server.web.asyncapi import Vocabulary
from server.web.asyncapi import document as asyncapi_document
from server.web.errors import encoded_response
from server.web.openapi import document
from server.web.route import Route


class Known(msgspec.Struct, frozen=True):
    """The things a server knows: its version, its WebSocket subprotocols, and the JSON Schema of
    each command by its `op`. The schemas refer to `$defs`."""

    version: str
    subprotocols: list[str]
    commands: dict[str, dict[str, Any]]
    defs: dict[str, dict[str, Any]] = msgspec.field(name="$defs")


def with_descriptions(routes: Sequence[Route], words: Vocabulary) -> list[Route]:
    """Return the routes, with those added that describe them all, and the messages."""
    openapi = _Answer(lambda: msgspec.json.encode(document(described)))
    asyncapi = _Answer(lambda: msgspec.json.encode(asyncapi_document(words)))
    protocol = _Answer(lambda: _known_commands(tuple(words.commands)))
    described = [
        *routes,
        Route(
            "GET", "/v1/openapi.json", "Read this document.", openapi.show, result=dict[str, Any]
        ),
        Route(
            *("GET", "/v1/asyncapi.json", "Read the messages on the WebSocket.", asyncapi.show),
            result=dict[str, Any],
        ),
        Route("GET", "/v1/protocol", "Read the known commands.", protocol.show, result=Known),
    ]
    return described


@lru_cache(maxsize=1)  # a process has one set of commands, also if it has many workers
def _known_commands(commands: tuple[type[Command], ...]) -> bytes:
    return msgspec.json.encode(known_commands(commands))


def known_commands(commands: Sequence[type[Command]]) -> Known:
    """Describe the commands with all their fields."""
    refs, defs = msgspec.json.schema_components(commands, ref_template="#/$defs/{name}")
    names = [ref["$ref"].rpartition("/")[2] for ref in refs]
    by_op = {
        str(kind.__struct_config__.tag): defs.pop(name)
        for kind, name in zip(commands, names, strict=True)
    }
    return Known(__version__, list(SUBPROTOCOLS), by_op, defs)


class _Answer:
    """A JSON answer that is always the same.

    It is made for the first request: it takes longer than all else in the start of a worker, and
    few workers are ever asked.
    """

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._body: bytes | None = None

    async def show(self, _: web.Request) -> web.Response:
        if self._body is None:
            self._body = await asyncio.to_thread(self._make)  # too long for the event loop
        answer = encoded_response(self._body)
        answer.headers["Access-Control-Allow-Origin"] = "*"  # pages of other sites connect here too
        return answer
