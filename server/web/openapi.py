"""Builds the OpenAPI document from the routes and their types."""

import functools
import re
from typing import Any

import msgspec

from server import __version__
from server.protocol.codes import ERRORS
from server.web.idempotency import HEADER, KEY_CHARS_MAX
from server.web.query import parameters
from server.web.route import Route


class ErrorDetail(msgspec.Struct):
    """Why a request was refused."""

    code: str
    msg: str


class Error(msgspec.Struct):
    """The body of every refusal."""

    error: ErrorDetail


_KEY = {
    "name": HEADER,
    "in": "header",
    "description": (
        "Send the same request again with the same key, and it is done once and answered alike, "
        "for 24 hours. The key with another body is refused with 422."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX},
}


def document(routes: list[Route]) -> dict[str, Any]:
    """Build the whole document, OpenAPI 3.1."""
    types = {id(t): t for route in routes for t in (route.body, route.result) if t is not None}
    schemas, components = _schemas((*types.values(), Error))
    schema_of = dict(zip(types, schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Liveroom", "version": __version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


@functools.lru_cache(maxsize=1)  # routes never change in a process, which may have many workers
def _schemas(types: tuple[Any, ...]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """Return the schema of each type, and the components that the schemas refer to."""
    return msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")


def _operation(route: Route, schema_of: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", route.path)
            ),
            *(
                {"name": name, "in": "query", "required": False, "schema": schema}
                for name, schema in parameters(route.query).items()
            ),
        ],
        "responses": {
            "2XX": {"description": "Done."} | _content(route.result, schema_of),
            "default": {
                "description": "Refused; `code` is one of " + ", ".join(sorted(ERRORS)) + ".",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if route.method == "POST" and not route.no_key:
        operation["parameters"].append(_KEY)
    if route.body is not None:
        operation["requestBody"] = {"required": True} | _content(route.body, schema_of)
    if route.least is not None:
        operation["security"] = [{"token": []}]
        operation["description"] = f"Needs a token of a {route.least}."
    return operation


def _content(kind: Any, schema_of: dict[int, Any]) -> dict[str, Any]:
    if kind is None:
        return {}
    return {"content": {"application/json": {"schema": schema_of[id(kind)]}}}
