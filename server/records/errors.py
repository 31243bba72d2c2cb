"""Tells why the records can't be used now, or at all."""

from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
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


def lies_in_row(error: Exception) -> bool:
    """Whether the same rows would fail again in a database that is well.

    Of the database's own errors these are the ones about values: what a column can't hold, what a
    driver can't send, what a constraint refuses. Its others (away, locked, full, a table that is
    missing, a right that is) say nothing of a row, nor does a process that has no memory left.
    """
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return False
        return isinstance(error, IntegrityError) or _is_about_values(error.orig)
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, StatementError)  # a value that SQLAlchemy itself could not take
    away = (RecordsAway, RecordsUnusable, OSError, TimeoutError, MemoryError)
    return not isinstance(error, away)


def _is_about_values(cause: BaseException | None) -> bool:
    """Whether a driver, or PostgreSQL by its error code, refused a value."""
    code = str(getattr(cause, "sqlstate", "") or "")
    return code[:2] in ("22", "23") or str(cause).startswith("Error binding parameter")


def words_of(error: BaseException) -> str:
    """Return why a statement failed, as one line without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    first = str(cause).strip().splitlines()[:1]
    text = first[0].rstrip(".") if first else ""
    # The driver's adapter puts its class before the words: <class '...'>: words.
    if text.startswith("<class") and ">: " in text:
        text = text.split(">: ", 1)[1]
    return text or type(cause).__name__
