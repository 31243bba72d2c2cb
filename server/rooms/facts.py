"""A fact: one entry of a room's timeline, declared by the feature whose script records it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec import Struct


class Fact(
    Struct,
    tag_field="k",
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """An entry of the timeline. `at`: Unix ms by the clock of Redis. `by`: the host, moderator or
    admin who did it by command.

    Its docstring says what happened; docs/timeline.md shows it. Tests hold what scripts record to
    these classes. Figures and replay take facts as plain dicts: decoding each into its class would
    cost more than counting it, and a fact of an older version must never fail to be read.
    """

    shown: ClassVar[tuple[str, ...]] = ()
    """The fields that a replay shows to everybody. Without any the fact is in no replay."""
    moderates: ClassVar[bool] = False
    """Whether it is an act of moderation: then the operator's log over all rooms has it."""

    at: int
    by: str = ""

    @classmethod
    def kind(cls) -> str:
        """Its name in the timeline, under `k`."""
        return str(cls.__struct_config__.tag)

    @classmethod
    def shown_at(cls, fact: Mapping[str, Any]) -> int:
        """The time (Unix ms) at which a replay shows it."""
        at: int = fact["at"]
        return at
