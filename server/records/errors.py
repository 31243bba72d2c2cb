"""Tells why the records can't be used now, or at all."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class RecordsUnusable(Exception):
    """The records can't be used until a person acts: a wrong URL, a schema from the future, a
    read-only file. The text is a sentence that says what to do."""


class RecordsAway(Exception):
    """The records do not answer now, or are busy; nothing was written. The text says why."""


_AWAY = (OSError, TimeoutError, PoolTimeout, InterfaceError, OperationalError)


def is_away(error: BaseException) -> bool:
    """Whether trying again later may help."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, _AWAY) or _is_passing(error)


def is_damaged(error: BaseException) -> bool:
    """Whether the file of the records is no database, or a broken one."""
    cause = getattr(error, "orig", None) or error
    return getattr(cause, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT")


def _is_passing(error: BaseException) -> bool:
    """Whether PostgreSQL lacks room or connections, stops, is read-only, or undid a transaction
    because of another, by its error codes."""
    code = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    return code[:2] in ("08", "40", "53", "57") or code == "25006"


def words_of(error: BaseException) -> str:
    """Return why a statement failed, as one line without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().splitlines()[:1]
    text = first[0].rstrip(".") if first else ""
    # The driver's adapter puts its class before the words: <class '...'>: words.
    if text.startswith("<class") and ">: " in text:
        text = text.split(">: ", 1)[1]
    return text or type(cause).__name__
