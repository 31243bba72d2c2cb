"""Texts with the character 0, which PostgreSQL can't keep: it refuses the whole statement.

One such text would stop the archive of its room for ever, since what Redis has is copied as it is.
So it becomes the sign for a character that can't be shown, which is in no id: what is sought by
such a text is not found, as in SQLite.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, event

NUL, INSTEAD = "\0", "\N{REPLACEMENT CHARACTER}"


def replace_nul(engine: Engine) -> None:
    """Replace the character 0 in every text that goes to a database."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _replace(
        _connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        if many:
            return statement, [without_nul(values) for values in given]
        return statement, without_nul(given) if given else given


def without_nul(values: Sequence[Any]) -> Sequence[Any]:
    """The same values; their texts, those in lists too, without the character 0."""
    for value in values:
        if type(value) is str:
            if NUL in value:
                break
        elif type(value) is list and any(type(each) is str and NUL in each for each in value):
            break
    else:
        return values
    return tuple(_replaced(value) for value in values)


def _replaced(value: Any) -> Any:
    if isinstance(value, list):
        return [_replaced(each) for each in value]
    return value.replace(NUL, INSTEAD) if isinstance(value, str) else value
