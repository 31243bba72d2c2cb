"""Texts in commands, made fit to show, or refused: see `server.protocol.plain_text`."""

from server.protocol.codes import CommandError
from server.protocol.plain_text import MARKS_MAX, hides_something, plain_text

__all__ = ["MARKS_MAX", "must_be_visible", "plain_text", "shown_text"]


def shown_text(name: str, text: str, chars_max: int) -> str:
    """The field `name` of a command as `plain_text`; CommandError if none is left or too much."""
    clean = plain_text(text)
    if not clean:
        raise CommandError("bad_message", f"`{name}` is empty.")
    if len(clean) > chars_max:
        raise CommandError("too_long", f"`{name}` can have {chars_max} characters here.")
    return clean


def must_be_visible(name: str, text: str) -> None:
    """An id that people see is taken as it is, or refused: without what is invisible it would be
    another. Raises CommandError."""
    if hides_something(text):
        raise CommandError("bad_message", f"`{name}` has characters that nobody can see.")
