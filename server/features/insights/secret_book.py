"""Keys that only this server's records hold."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.insights.tables import SECRETS
from server.records.kept_secrets import kept_secret

MARKS = "marks"
_WEEK = "week "


def name_of_week(week: int) -> str:
    """The name of the key of a week, by its Monday."""
    return f"{_WEEK}{week:09}"


async def secret_of(connection: AsyncConnection, name: str) -> bytes:
    """Return a key, which is made when it is asked for first; the connection must be writing."""
    return await kept_secret(connection, SECRETS, name)


async def secrets_of_weeks(connection: AsyncConnection) -> dict[int, bytes]:
    """Return the keys of the weeks that are not over, by Monday."""
    asked = select(SECRETS).where(SECRETS.c.name.like(f"{_WEEK}%"))
    rows = await connection.execute(asked)
    return {int(row.name.removeprefix(_WEEK)): bytes(row.secret) for row in rows}


async def drop_secrets_before(connection: AsyncConnection, week: int) -> None:
    """Drop the keys of earlier weeks; nobody can make their digests again."""
    name = SECRETS.c.name
    old = name.like(f"{_WEEK}%") & (name < name_of_week(week))
    await connection.execute(delete(SECRETS).where(old))
