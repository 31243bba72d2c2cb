"""Ways in which a payout leaves: a port to whoever moves the money."""

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol

from sqlalchemy import select

from server.background.clock import unix_ms
from server.features.accounts.tables import TRANSFERS
from server.records.database import Database
from server.records.upsert import insert_into


class Transfer(NamedTuple):
    """Money to be moved to an owner. `key` names it once for ever, so that whoever is asked twice
    moves it once. `amount` in minor units."""

    key: str
    owner: str
    currency: str
    amount: int


class Outcome(NamedTuple):
    """What became of a transfer: it was `sent`, it `failed` and no money moved, or somebody else
    has it now (`handed_over`) and the operator will say what became of it."""

    state: Literal["sent", "failed", "handed_over"]
    reason: str = ""


class PayoutPort(Protocol):
    """Moves money. An adapter to a bank or a provider has this one method."""

    async def send(self, transfer: Transfer) -> Outcome:
        """Move the money of a transfer once, however often it is asked, and say what became of it.

        What it raises leaves the payout as it is: it is asked again later, with the same key.
        """


class FilePort:
    """Hands payouts over to a file for a bank (`/v1/payouts/{batch}.csv`)."""

    async def send(self, transfer: Transfer) -> Outcome:
        """Leave it to the file."""
        del transfer
        return Outcome("handed_over")


class SandboxPort:
    """Pays nobody. An owner whose id ends in `.fails` is refused; any other is paid, and the
    transfer noted once in books of its own, as a bank would."""

    def __init__(self, records: Database, clock: Callable[[], int] = unix_ms) -> None:
        self._records = records
        self._clock = clock

    async def send(self, transfer: Transfer) -> Outcome:
        """Note the transfer, in a transaction of its own. Raises RecordsAway."""
        if transfer.owner.endswith(".fails"):
            return Outcome("failed", "The sandbox pays no owner whose id ends in `.fails`.")
        async with self._records.writing() as connection:
            put = insert_into(connection, TRANSFERS).values(**transfer._asdict(), at=self._clock())
            await connection.execute(put.on_conflict_do_nothing(index_elements=["key"]))
        return Outcome("sent")

    async def paid(self) -> dict[str, int]:
        """key -> amount of what was paid. Raises RecordsAway."""
        async with self._records.reading() as connection:
            asked = select(TRANSFERS.c.key, TRANSFERS.c.amount)
            return {row.key: row.amount for row in await connection.execute(asked)}


def port_of(kind: str, records: Database) -> PayoutPort:
    """Return the port that a setting names."""
    return SandboxPort(records) if kind == "sandbox" else FilePort()
