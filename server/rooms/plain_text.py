"""Cleans or refuses texts in commands; `server.protocol.plain_text` says what is cleaned."""

from server.protocol.codes import CommandError
from server.protocol.fields import META_BYTES_MAX
from server.protocol.plain_text import MARKS_MAX, hides_something, plain_text

__all__ = ["MARKS_MAX", "must_be_visible", "must_fit", "plain_text", "shown_text"]


def shown_text(name: str, text: str, chars_max: int) -> str:
    """Clean a command's field `name` (`plain_text`). Raises CommandError if empty or too long."""
    clean = plain_text(text)
    if not clean:
        raise CommandError("bad_message", f"`{name}` is empty.")
    if len(clean) > chars_max:
        raise CommandError("too_long", f"`{name}` can have {chars_max} characters here.")
    return clean


def must_fit(name: str, text: str) -> None:
    """Refuse an opaque text of more bytes than are kept. Raises CommandError `too_long`."""
    if len(text.encode()) > META_BYTES_MAX:
        raise CommandError("too_long", f"`{name}` can have {META_BYTES_MAX} bytes.")


def must_be_visible(name: str, text: str) -> None:
    """Refuse an id with invisible characters, since cleaning would make it a different id.
    Raises CommandError."""
    if hides_something(text):
        raise CommandError("bad_message", f"`{name}` has characters that nobody can see.")
