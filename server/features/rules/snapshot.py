"""Holds who may comment, in the copy of a room."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from server.rooms.part import Part


class _Fields(Struct):
    followers_only: int = 0
    rules_ver: int = 0


class _Told(Struct):
    followers_only: bool = False


class RulesPart(Part):
    """`followers_only`: only followers may comment. `rules_ver` counts changes of rules."""

    Fields = _Fields
    Told = View = _Told

    def view(self) -> Mapping[str, Any]:
        return {"followers_only": bool(self.fields.followers_only)}
