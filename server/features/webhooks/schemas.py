"""The JSON Schema of each type of event, made from the lines that features declare."""

import functools
from typing import Any, Literal

import msgspec
from aiohttp import web
from msgspec import Struct

from server.features.webhooks.events import TEST
from server.protocol.codes import CommandError
from server.rooms.ledger_lines import LineBook
from server.web.errors import json_response
from server.web.route import Route

DIALECT = "https://json-schema.org/draft/2020-12/schema"
PATH = "/v1/schemas"


class TestData(Struct, frozen=True):
    """What an event says by which an admin tries an endpoint out."""

    endpoint: str


class EventTypes(Struct):
    """Every type of event; `/v1/schemas/{type}.json` has the schema of each."""

    types: list[str]


class Schemas:
    """The schemas by type, for everybody to read. `base` is where this server is reached from
    outside, if that is set."""

    def __init__(self, book: LineBook, base: str = "") -> None:
        self._data: dict[str, type[Struct]] = {**book.types, TEST: TestData}
        self._base = base.rstrip("/")
        self.of = functools.cache(self._schema)

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                *("GET", PATH, "List types of events.", self.list_types),
                result=EventTypes,
                bound="the types that this version has",
            ),
            Route(
                *("GET", f"{PATH}/{{type}}.json", "Read the schema of a type.", self.show),
                result=dict[str, Any],
            ),
        ]

    async def list_types(self, _: web.Request) -> web.Response:
        """Every type, in alphabetical order."""
        return json_response(EventTypes(self.types))

    async def show(self, request: web.Request) -> web.Response:
        """The JSON Schema of a type's bodies."""
        kind = request.match_info["type"]
        if kind not in self._data:
            raise CommandError(
                "not_found", f"There is no type `{kind[:64]}`; GET {PATH} lists them."
            )
        return json_response(self.of(kind))

    @property
    def types(self) -> list[str]:
        """Every type of event."""
        return sorted(self._data)

    def _schema(self, kind: str) -> dict[str, Any]:
        """The schema of a type's bodies. Raises KeyError if there is no such type.

        Further fields are allowed: new ones may come within a version.
        """
        data = self._data[kind]
        body = msgspec.defstruct(
            "WebhookEvent",
            [("id", str), ("type", Literal[kind]), ("timestamp", str), ("data", data)],
        )
        made = msgspec.json.schema(body)
        whole: dict[str, Any] = made["$defs"].pop("WebhookEvent")
        whole["properties"]["timestamp"]["format"] = "date-time"
        whole["title"] = kind
        head = {"$schema": DIALECT, "$id": f"{self._base}{PATH}/{kind}.json"}
        return head | whole | {"$defs": made["$defs"]}
