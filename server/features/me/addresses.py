"""A user's address book, in the records."""

from typing import Annotated

from msgspec import Meta, Struct, msgpack
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.me.postal import mistake_in
from server.features.me.tables import BOOKS
from server.features.purchases.tables import PURCHASES
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.plain_text import plain_text
from server.records.database import Database
from server.records.upsert import insert_into

_Text = Annotated[str, Meta(max_length=100)]


class AddressBody(Input, frozen=True):
    """An address. `country` is a code of ISO 3166-1, such as CN; `lines` are street and house."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    country: Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)", description="ISO 3166-1 alpha-2")]
    city: Annotated[str, Meta(min_length=1, max_length=100)]
    lines: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=200)]], Meta(min_length=1, max_length=4)
    ]
    region: _Text = ""
    postcode: Annotated[str, Meta(max_length=20)] = ""
    phone: Annotated[str, Meta(max_length=30)] = ""


class Address(Struct, frozen=True, kw_only=True):
    """An address in a user's book, under an id of its own."""

    address: str
    name: str
    country: str
    city: str
    lines: list[str]
    region: str = ""
    postcode: str = ""
    phone: str = ""


def checked(address: str, body: AddressBody) -> Address:
    """Return the address that a body tells. Raises CommandError if a parcel would not reach it."""
    if wrong := mistake_in(body.country, body.region, body.postcode, body.phone):
        raise CommandError("bad_message", wrong)
    texts = [body.name, body.city, *body.lines]
    if not all(plain_text(each) for each in texts):
        raise CommandError("bad_message", "`name`, `city` and each of `lines` need letters.")
    fields = {name: getattr(body, name) for name in body.__struct_fields__}
    return Address(address=address, **fields)


_BOOK = msgpack.Decoder(list[Address])
_EMPTY = msgpack.encode([])


class Addresses:
    """Reads and changes address books. Methods raise RecordsAway, or CommandError."""

    def __init__(self, records: Database, addresses_max: int) -> None:
        self._records = records
        self._max = addresses_max

    async def of_user(self, user: str) -> list[Address]:
        """The addresses, in the order in which they were first written."""
        async with self._records.reading() as connection:
            body = await connection.scalar(select(BOOKS.c.body).where(BOOKS.c.user == user))
        return _BOOK.decode(body) if body else []

    async def put(self, user: str, address: str, body: AddressBody) -> Address:
        """Write an address, or another in place of the one with this id. One that no parcel would
        reach is refused."""
        new = checked(address, body)
        async with self._records.writing() as connection:
            book = await _locked(connection, user)
            ids = [each.address for each in book]
            if address in ids:
                book[ids.index(address)] = new
            elif len(book) >= self._max:
                raise CommandError(
                    "limit_reached",
                    f"An address book holds {self._max} addresses; remove one first.",
                )
            else:
                book.append(new)
            await _write(connection, user, book)
        return new

    async def remove(self, user: str, address: str) -> None:
        """Remove an address; one that is not there is removed already."""
        async with self._records.writing() as connection:
            book = await _locked(connection, user)
            await _write(connection, user, [each for each in book if each.address != address])


class OldBooks:
    """Address books that nobody used for a long time. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many books were not changed since a time (ms), by users without an order
        since."""
        asked = select(func.count()).select_from(BOOKS).where(_is_old(before))
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(BOOKS.c.user).where(_is_old(before)).limit(most)
        async with self._records.writing() as connection:
            users = (await connection.scalars(some)).all()
            gone = delete(BOOKS).where(BOOKS.c.user.in_(users), BOOKS.c.changed < before)
            return int((await connection.execute(gone)).rowcount)


def _is_old(before: int) -> ColumnElement[bool]:
    bought = exists().where(PURCHASES.c.user == BOOKS.c.user, PURCHASES.c.created >= before)
    return (BOOKS.c.changed < before) & ~bought


async def address_in(connection: AsyncConnection, user: str, address: str) -> Address | None:
    """Return an address of a user's book; None if there is none of this id."""
    body = await connection.scalar(select(BOOKS.c.body).where(BOOKS.c.user == user))
    return next((each for each in _BOOK.decode(body or _EMPTY) if each.address == address), None)


async def forget_addresses(connection: AsyncConnection, user: str) -> None:
    """Remove a user's book."""
    await connection.execute(delete(BOOKS).where(BOOKS.c.user == user))


async def _locked(connection: AsyncConnection, user: str) -> list[Address]:
    """The user's addresses, which no other transaction changes until this one ends."""
    made = insert_into(connection, BOOKS).values(user=user, body=_EMPTY, changed=unix_ms())
    await connection.execute(made.on_conflict_do_nothing())
    asked = select(BOOKS.c.body).where(BOOKS.c.user == user).with_for_update()
    return _BOOK.decode(await connection.scalar(asked) or _EMPTY)


async def _write(connection: AsyncConnection, user: str, book: list[Address]) -> None:
    of_user = update(BOOKS).where(BOOKS.c.user == user)
    await connection.execute(of_user.values(body=msgpack.encode(book), changed=unix_ms()))
