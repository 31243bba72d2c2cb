"""Describes a setting's allowed values, for error messages and docs/configuration.md."""

from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo


def allowed(field: FieldInfo) -> str:
    """Describe the values that a field accepts, such as `a whole number from 0 to 65535`."""
    kind = field.annotation
    if isinstance(field.json_schema_extra, dict) and "allowed" in field.json_schema_extra:
        return str(field.json_schema_extra["allowed"])
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        name = "a whole number" if kind is int else "a number"
        return f"{name} from {_bound(field, 'ge')} to {_bound(field, 'le')}"
    if get_origin(kind) is tuple:
        return "a list of texts"
    filled = any(isinstance(rule, annotated_types.MinLen) for rule in field.metadata)
    return "a text that is not empty" if filled else "a text"


def _bound(field: FieldInfo, name: str) -> str:
    kinds = {"ge": annotated_types.Ge, "le": annotated_types.Le}
    value: Any = next(getattr(m, name) for m in field.metadata if isinstance(m, kinds[name]))
    return f"{value}"
