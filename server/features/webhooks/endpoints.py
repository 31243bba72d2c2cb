"""Endpoints: where webhooks are told; kept in the records."""

from collections.abc import Callable
from typing import Any, Literal

from msgspec import Struct, structs
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from server.access.standard_webhooks import key_of
from server.background.clock import unix_ms
from server.features.webhooks.tables import DELIVERIES, ENDPOINTS, PLACES
from server.protocol.codes import CommandError
from server.records.database import Database

State = Literal["active", "paused", "disabled"]


class Endpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as it is stored. Times in Unix ms."""

    id: str
    url: str
    kinds: list[str]
    note: str
    secret: str
    old_secret: str
    old_until: int
    state: State
    reason: str
    made: int
    changed: int
    ok_at: int

    def keys(self, now: int) -> list[bytes]:
        """Return what posts are signed with now: the secret, and the one before while it is
        replaced."""
        old = [self.old_secret] if self.old_secret and now < self.old_until else []
        return [key_of(secret) for secret in (self.secret, *old)]


class EndpointBook:
    """Reads and writes endpoints. Everything may raise RecordsAway; `clock` gives Unix ms."""

    def __init__(self, records: Database, clock: Callable[[], int] = unix_ms) -> None:
        self._records = records
        self._clock = clock

    async def all(self) -> list[Endpoint]:
        """Every endpoint, the oldest first."""
        async with self._records.reading() as connection:
            rows = await connection.execute(
                select(ENDPOINTS).order_by(ENDPOINTS.c.made, ENDPOINTS.c.id)
            )
            return [_endpoint(row._asdict()) for row in rows]

    async def one(self, endpoint: str) -> Endpoint:
        """An endpoint by its id. Raises CommandError `not_found`."""
        async with self._records.reading() as connection:
            asked = select(ENDPOINTS).where(ENDPOINTS.c.id == endpoint)
            row = (await connection.execute(asked)).first()
        if row is None:
            raise _no_endpoint(endpoint)
        return _endpoint(row._asdict())

    async def make(self, endpoint: Endpoint, most: int) -> None:
        """Store a new one. Raises CommandError `conflict` or `limit_reached`."""
        row = structs.asdict(endpoint) | {"kinds": " ".join(endpoint.kinds)}
        try:
            async with self._records.writing() as connection:
                number = int(
                    await connection.scalar(select(func.count()).select_from(ENDPOINTS)) or 0
                )
                if number >= most:
                    raise CommandError(
                        "limit_reached",
                        f"There can be {most} endpoints, and there are; delete one, or let "
                        "webhooks.endpoints_max allow more.",
                    )
                await connection.execute(insert(ENDPOINTS).values(row))
        except IntegrityError:
            raise CommandError(
                "conflict",
                f"There is an endpoint `{endpoint.id}` already; change it, or delete it.",
            ) from None

    async def change(self, endpoint: str, **values: Any) -> Endpoint:
        """Change fields of an endpoint; returns it. Raises CommandError `not_found`."""
        if "kinds" in values:
            values["kinds"] = " ".join(values["kinds"])
        async with self._records.writing() as connection:
            row = (
                await connection.execute(
                    update(ENDPOINTS)
                    .where(ENDPOINTS.c.id == endpoint)
                    .values(changed=self._clock(), **values)
                    .returning(*ENDPOINTS.c)
                )
            ).first()
            # Its places come after it, as in all transactions, so that no two wait for each other.
            if "url" in values:  # it may be another system, and need not wait for the one before
                await connection.execute(
                    update(PLACES).where(PLACES.c.endpoint == endpoint).values(again_at=0)
                )
        if row is None:
            raise _no_endpoint(endpoint)
        return _endpoint(row._asdict())

    async def resume(self, endpoint: str) -> Endpoint:
        """Make an endpoint active, and let every room that failed there try at once."""
        async with self._records.writing() as connection:
            await connection.execute(
                update(ENDPOINTS).where(ENDPOINTS.c.id == endpoint).values(changed=self._clock())
            )
            await connection.execute(
                update(PLACES)
                .where(PLACES.c.endpoint == endpoint)
                .values(tries=0, failing_since=0, again_at=0, away=False)
            )
        return await self.change(endpoint, state="active", reason="")

    async def delete(self, endpoint: str) -> None:
        """Remove an endpoint, its places and its log. Raises CommandError `not_found`."""
        async with self._records.writing() as connection:
            gone = await connection.execute(delete(ENDPOINTS).where(ENDPOINTS.c.id == endpoint))
            for table in (PLACES, DELIVERIES):
                await connection.execute(delete(table).where(table.c.endpoint == endpoint))
        if not gone.rowcount:
            raise _no_endpoint(endpoint)


def _endpoint(row: dict[str, Any]) -> Endpoint:
    return Endpoint(**row | {"kinds": row["kinds"].split()})


def _no_endpoint(endpoint: str) -> CommandError:
    return CommandError(
        "not_found", f"There is no endpoint `{endpoint[:64]}`; GET /v1/webhooks lists them."
    )
