"""Builds the OpenAPI document from the routes and their types."""

import functools
import re
from typing import Any

import msgspec

from server import __version__
from server.protocol.codes import ERRORS
from server.web.errors import PROBLEM_JSON, Problem
from server.web.idempotency import HEADER, KEY_CHARS_MAX
from server.web.query import parameters
from server.web.route import Route

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
    schemas, components = _schemas((*types.values(), Problem))
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
    made = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    _make_plain(made)
    return made


def _make_plain(node: Any) -> None:
    """Say what generators of clients understand, where the schema says more.

    Of lists of fixed length they know which kinds of items these have (`items`), not which stands
    where (`prefixItems`); of a boolean that can only be false, that it is a boolean.
    """
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list) and set(map(type, node["enum"])) == {bool}:
            node["type"] = "boolean"
            del node["enum"]
        if kinds := node.pop("prefixItems", None):
            different = [kind for n, kind in enumerate(kinds) if kind not in kinds[:n]]
            node["items"] = different[0] if len(different) == 1 else {"anyOf": different}
        for child in node.values():
            _make_plain(child)
    elif isinstance(node, list | tuple):
        for child in node:
            _make_plain(child)


def operation_id(route: Route) -> str:
    """Return a route's name in generated clients, made of its address alone, so that it stays."""
    path = route.path.removeprefix("/v1").replace(".", "_").replace("-", "_")
    return route.method.lower() + "_" + re.sub(r"\W+", "_", path).strip("_")


def tag(route: Route) -> str:
    """Return the group of a route: the feature that it belongs to, or `server`."""
    found = re.match(r"server\.features\.(\w+)", route.handler.__module__)
    return found[1] if found else "server"


def _operation(route: Route, schema_of: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "tags": [tag(route)],
        "summary": route.summary,
        "parameters": [
            *(
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in re.findall(r"{(\w+)}", route.path)
            ),
            *(_in_query(name, schema) for name, schema in parameters(route.query).items()),
        ],
        "responses": {
            str(route.success): {"description": "Done."} | _answer(route, schema_of),
            "default": {
                "description": "Refused; `code` is one of " + ", ".join(sorted(ERRORS)) + ".",
                "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if route.method == "POST" and not route.no_key:
        operation["parameters"].append(_KEY)
    if route.body is not None:
        content = {"application/json": {"schema": schema_of[id(route.body)]}}
        operation["requestBody"] = {"required": True, "content": content}
    elif route.takes:
        content = {route.takes: {"schema": {"type": "string", "format": "binary"}}}
        operation["requestBody"] = {"required": True, "content": content}
    said = []
    if route.least is not None:
        operation["security"] = [{"token": [route.scope] if route.scope else []}]
        or_server = f", or of a server with the scope `{route.scope}`" if route.scope else ""
        said.append(f"Needs a token of a {route.least}{or_server}.")
    if route.bound:
        said.append(f"Has no pages: {route.bound}.")
    if said:
        operation["description"] = " ".join(said)
    return operation


def _in_query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in schema.items() if key != "deprecated"}
    parameter = {"name": name, "in": "query", "required": False, "schema": plain}
    return parameter | ({"deprecated": True} if "deprecated" in schema else {})


def _answer(route: Route, schema_of: dict[int, Any]) -> dict[str, Any]:
    if not route.sent_as:
        return {}
    is_typed = route.result is not None
    schema = schema_of[id(route.result)] if is_typed else {"type": "string"}
    return {"content": {route.sent_as: {"schema": schema}}}
