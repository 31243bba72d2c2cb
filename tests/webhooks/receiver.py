"""A shop's receiver, over real HTTP: holds each post to its signature and its schema."""

import base64
import functools
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import msgspec
from aiohttp import web

from server.access.signing import HEADER, verify
from server.background.clock import unix_ms
from server.features.webhooks.schemas import Schemas
from server.house import HOUSE
from tests.listening import Listener, listening

Answer = Callable[[dict[str, Any]], Awaitable[web.Response | int]]
SCHEMAS = Schemas(HOUSE.lines)


async def ok(_: dict[str, Any]) -> int:
    """Take everything."""
    return 200


def keys_that_signed(headers: Mapping[str, str], body: bytes, secrets: list[str]) -> list[str]:
    """The secrets with which a post is signed by Standard Webhooks, written out once more here."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signed = []
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        code = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        if f"v1,{code}" in headers["webhook-signature"].split(" "):
            signed.append(secret)
    return signed


@functools.cache
def validator_of(kind: str) -> Any:
    """The validator of a type's schema, which must be a right one itself."""
    schema = SCHEMAS.of(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


class Receiver(Listener):
    """`answer(event)` gives the status of each post; events of posts answered 200 are `taken`."""

    def __init__(self, answer: Answer = ok) -> None:
        super().__init__()
        self.answer = answer
        self.secrets: list[str] = []
        """What posts may be signed with; each must be, with all of them."""
        self.faults: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        event = msgspec.json.decode(body)
        self._hold_to_promise(request.headers, body, event)
        self.posts.append(event)
        self.news.set()
        answer = await self.answer(event)
        if answer == 200:
            self.taken.append(event)
        self.news.set()
        return answer if isinstance(answer, web.Response) else web.Response(status=answer)

    def _hold_to_promise(
        self, headers: Mapping[str, str], body: bytes, event: dict[str, Any]
    ) -> None:
        if headers["webhook-id"] != event["id"] or "." in event["id"]:
            self.faults.append(f"{event['id']} is called {headers['webhook-id']}")
        if keys_that_signed(headers, body, self.secrets) != self.secrets:
            self.faults.append(f"{event['id']} is not signed with {self.secrets}")
        for secret in self.secrets:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            verify(key, headers[HEADER], body, unix_ms() / 1000, 300)
        for error in validator_of(event["type"]).iter_errors(event):
            self.faults.append(f"{event['type']}: {error.message}")

    def numbers(self, room: str) -> list[int]:
        """The numbers of the lines taken of a room, in the order they came."""
        return [each["data"]["n"] for each in self.taken if each["data"].get("room") == room]


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Let it listen on a free port of this machine; hanging answers are cut at the end."""
    async with listening(receiver):
        yield receiver
    assert receiver.faults == []
