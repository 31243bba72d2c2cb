"""Reads `records.url`, where the records are, as SQLAlchemy does."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from server.records.errors import RecordsUnusable
from server.settings import Settings
from server.settings.masking import mask_url

FILE = "records.sqlite3"
"""The SQLite file in the data folder, if `records.url` is empty."""

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


def address_of(settings: Settings) -> URL:
    """Return the address of the records. Raises RecordsUnusable with a sentence."""
    given = settings.records.url
    if not given:
        return URL.create("sqlite+aiosqlite", database=str(Path(settings.data.dir) / FILE))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError) as error:
        raise RecordsUnusable(
            f"records.url = {mask_url(given)} can't be read as a URL ({error}); write "
            "postgresql://user:password@host/name or sqlite:////folder/records.sqlite3."
        ) from None
    if not url.database:
        raise RecordsUnusable(
            f"records.url = {mask_url(given)} names no database; put its name, or the path of the "
            "file, behind the last slash."
        )
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


def shown(url: URL) -> str:
    """Return the address for logs and errors, without its password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)
