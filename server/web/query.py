"""Reads the query parameters of requests, for every route, as the type that the route declares."""

import functools
import re
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.input import Input, unknown_field
from server.web.paging import cursors_of, place_in

Query = TypeVar("Query", bound=Input)

OFFSET_MAX = 1_000_000
"""Largest `offset` of a page."""
_DIGITS_MAX = 18
_AT = re.compile(r"`\$\.(\w+)`$")


def query_of(request: web.Request, kind: type[Query]) -> Query:
    """Return the query parameters as `kind`, with the place that a cursor names.

    Raises CommandError `bad_message` if one is unknown, given twice or out of bounds, with a
    sentence that says which.
    """
    known, cursors = parameters(kind), cursors_of(kind)
    given: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in given:
            raise CommandError("bad_message", f"`{name[:64]}` is given twice; give it once.")
        is_number = known.get(name, {}).get("type") == "integer" and _is_whole(value)
        given[name] = int(value) if is_number else value
        if name in cursors:
            given[name] = place_in(request, name, value, cursors[name])
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise CommandError("bad_message", _sentence(error, kind)) from None


@functools.cache  # of the types that routes declare
def parameters(kind: type[Input]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each query parameter by its name, each whole in itself."""
    [root], components = msgspec.json.schema_components((kind,))
    properties: dict[str, dict[str, Any]] = components[_name(root["$ref"])]["properties"]
    return {
        name: components.get(_name(schema.pop("$ref", "")), {}) | schema
        for name, schema in properties.items()
    }


def unbounded_in(kind: type[Input]) -> list[str]:
    """The query parameters whose values no sentence can describe."""
    return [name for name, schema in parameters(kind).items() if _allowed(schema) is None]


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _is_whole(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX


def _sentence(error: msgspec.ValidationError, kind: type[Input]) -> str:
    if said := unknown_field(error, kind, "the request", "query parameter"):
        return said
    found = _AT.search(str(error))
    if found is None:
        return f"The query can't be read: {error}."
    return f"`{found[1]}` must be {_allowed(parameters(kind)[found[1]])}."


def _allowed(schema: dict[str, Any]) -> str | None:
    """Say in words which values a parameter may have. None if the schema does not bound them."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
        return f"a whole number from {schema['minimum']} to {schema['maximum']}"
    return schema.get("description") if schema.get("type") == "string" else None
