"""Pictures: one's own, seen by everybody, gone with what showed them or with their author."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, update

from server.background.clock import unix_ms
from server.features.pictures.pictures import (
    Picture,
    Pictures,
    file_names,
    forget_pictures,
    read_pictures,
    use_pictures,
)
from server.features.pictures.reencoder import Reencoder
from server.features.pictures.settings import PictureSettings
from server.features.pictures.storage import FolderStorage, StorageAway
from server.features.pictures.tables import PICTURES, USES
from server.protocol.codes import CommandError
from server.records.database import Database
from tests.features.pictures.drawn import picture

LIMITS = PictureSettings(per_user_max=3)


class Failing(FolderStorage):
    """A folder that is away now and then."""

    is_away = False

    async def put(self, name: str, body: bytes) -> None:
        if self.is_away:
            raise StorageAway("the disk is full")
        await super().put(name, body)

    async def remove(self, name: str) -> None:
        if self.is_away:
            raise StorageAway("the disk is gone")
        await super().remove(name)


class House:
    """The pictures of an installation."""

    def __init__(self, records: Database, folder: Path) -> None:
        self.records, self.folder = records, folder
        self.storage = Failing(folder)
        self.pictures = Pictures(records, self.storage, Reencoder(LIMITS), LIMITS)

    async def use(self, thing: str, author: str, *ids: str) -> list[Picture]:
        async with self.records.writing() as connection:
            return await use_pictures(connection, thing, author, ids)

    async def grow_old(self) -> None:
        """A day and more passes for what nothing shows."""
        late = update(PICTURES).where(PICTURES.c.unused > 0)
        async with self.records.writing() as connection:
            await connection.execute(late.values(unused=unix_ms() - 90_000_000))

    def files(self) -> set[str]:
        return {path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.*")}


@pytest.fixture
def house(records: Database, tmp_path: Path) -> House:
    return House(records, tmp_path / "pictures")


def files_of(*ids: str) -> set[str]:
    return {name for id_ in ids for name in file_names(id_)}


async def test_a_picture_stays_while_something_shows_it_and_goes_a_day_later(house: House) -> None:
    first = await house.pictures.add("ann", picture())
    assert await house.pictures.add("ann", picture()) == first
    other = await house.pictures.add("ann", picture("PNG"))
    bens = await house.pictures.add("ben", picture())
    assert len({first.picture, other.picture, bens.picture}) == 3
    assert await house.use("note:n1", "ann", other.picture, first.picture) == [other, first]
    assert await house.use("note:n2", "ann", first.picture) == [first]
    for stranger in (bens.picture, "p0", "../../etc/passwd"):
        with pytest.raises(CommandError, match="no picture"):
            await house.use("note:n3", "ann", first.picture, stranger)

    await house.grow_old()
    assert await house.pictures.sweep() == 1
    assert house.files() == files_of(first.picture, other.picture)
    async with house.records.reading() as connection:
        assert set(await read_pictures(connection, [first.picture, bens.picture])) == {
            first.picture
        }

    await house.use("note:n1", "ann", first.picture)  # edited
    await house.use("note:n2", "ann")  # deleted
    await house.grow_old()
    await house.pictures.sweep()
    assert house.files() == files_of(first.picture)
    await house.use("note:n1", "ann")
    assert await house.pictures.sweep() == 0  # the day begins when it was let go
    await house.grow_old()
    await house.pictures.sweep()
    assert not house.files()
    async with house.records.reading() as connection:
        assert (await connection.execute(select(USES))).all() == []
        assert (await connection.execute(select(PICTURES))).all() == []


async def test_what_the_storage_could_not_do_is_done_by_a_later_sweep(house: House) -> None:
    house.storage.is_away = True
    with pytest.raises(CommandError, match="at the moment") as refused:
        await house.pictures.add("ann", picture())
    assert (refused.value.code, refused.value.retry_ms is None) == ("unavailable", False)
    house.storage.is_away = False
    kept = await house.pictures.add("ann", picture())  # the first try is not taken for it
    house.storage.is_away = True
    await house.pictures.remove(kept.picture, "ann")
    assert house.files() == files_of(kept.picture)
    house.storage.is_away = False
    await house.grow_old()

    assert await house.pictures.sweep() == 2
    assert not house.files()


async def test_a_person_is_forgotten_with_their_pictures_whatever_shows_them(house: House) -> None:
    anns, bens = [await house.pictures.add(user, picture()) for user in ("ann", "ben")]
    await house.use("note:n1", "ann", anns.picture)
    async with house.records.writing() as connection:
        await forget_pictures(connection, "ann")
    with pytest.raises(CommandError):
        await house.use("note:n1", "ann", anns.picture)

    await house.pictures.sweep()
    assert house.files() == files_of(bens.picture)


async def test_a_user_has_so_many_pictures_and_removes_only_what_nothing_shows(
    house: House,
) -> None:
    sizes = [(40, 40), (40, 41), (40, 42), (40, 43)]
    ids = [(await house.pictures.add("ann", picture(size=size))).picture for size in sizes[:3]]
    with pytest.raises(CommandError, match="3 pictures") as refused:
        await house.pictures.add("ann", picture(size=sizes[3]))
    assert refused.value.code == "limit_reached"
    await house.use("note:n1", "ann", ids[0])
    for user, id_, code in (
        ("ann", ids[0], "conflict"),
        ("ben", ids[1], "not_found"),
        ("ann", "p0", "not_found"),
    ):
        with pytest.raises(CommandError) as said:
            await house.pictures.remove(id_, user)
        assert said.value.code == code
    await house.pictures.remove(ids[1], "ann")
    await house.pictures.add("ann", picture(size=sizes[3]))
    await house.pictures.remove(ids[0], None)  # the operator
    assert not files_of(*ids[:2]) & house.files()


async def test_two_notes_that_take_and_leave_a_picture_at_once_lose_nothing(house: House) -> None:
    one = (await house.pictures.add("ann", picture())).picture
    for _ in range(5):
        await asyncio.gather(
            house.use("note:n1", "ann", one),
            house.use("note:n2", "ann"),
            house.use("note:n3", "ann", one),
            house.pictures.sweep(),
        )
        await asyncio.gather(house.use("note:n1", "ann"), house.use("note:n2", "ann", one))
    await house.use("note:n2", "ann", one)
    await house.grow_old()
    await house.pictures.sweep()

    assert house.files() == files_of(one)
