"""Pictures: uploaded, re-encoded, kept in the storage, and removed when nothing shows them."""

import contextlib
import hashlib
import logging
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.pictures.reencoder import Reencoded, Reencoder
from server.features.pictures.settings import PictureSettings
from server.features.pictures.storage import Storage, StorageAway
from server.features.pictures.tables import COMING, GONE, KEPT, PICTURES, USES
from server.protocol.codes import CommandError
from server.records.database import Database

HOUR_MS: Final = 3_600_000
COMING_MS: Final = HOUR_MS
"""A picture whose files were not stored within this time never comes: its worker was ended."""
AWAY_RETRY_MS: Final = 2000
REMOVED_AT_ONCE: Final = 100

_log = logging.getLogger(__name__)


class Picture(Struct, frozen=True):
    """A picture: its id, its pixels, and where it is shown, as a WebP; `<link>/small` is a JPEG for
    lists, and for links that are shared: not every messenger reads WebP."""

    picture: str
    w: int
    h: int
    link: str


class _Kept(NamedTuple):
    """What a user has here already: pictures, bytes, pictures of the last hour."""

    pictures: int
    size: int
    lately: int


def picture_of(id_: str, w: int, h: int) -> Picture:
    """Return a picture by its id and pixels."""
    return Picture(id_, w, h, f"/pictures/{id_}")


def small_link(id_: str) -> str:
    """Return where a picture is shown small, as a JPEG."""
    return f"{picture_of(id_, 0, 0).link}/small"


def file_names(picture: str) -> tuple[str, str]:
    """Return the names in the storage of a picture's files: full, small."""
    folder = picture[1:3]  # no folder grows too large
    return f"{folder}/{picture}.webp", f"{folder}/{picture}-small.jpg"


class Pictures:
    """Takes pictures in, and removes them. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        records: Database,
        storage: Storage,
        reencoder: Reencoder,
        settings: PictureSettings,
    ) -> None:
        self._records = records
        self._storage = storage
        self._reencoder = reencoder
        self._settings = settings

    async def add(self, user: str, body: bytes) -> Picture:
        """Keep a picture that a user sent; the same bytes again are the same picture."""
        if not body:
            raise CommandError("bad_message", "The body is empty; send the bytes of a picture.")
        digest = hashlib.blake2b(body, digest_size=20).hexdigest()
        async with self._records.reading() as connection:
            known = await _known(connection, user, digest)
            kept = await _kept(connection, user, unix_ms() - HOUR_MS)
        if known is not None and await self._is_wanted_still(known.picture):
            return known
        self._must_have_room(kept)
        made = await self._reencoder.reencode(body)
        return await self._keep(user, digest, made)

    async def remove(self, picture: str, user: str | None) -> None:
        """Remove a picture for good: one of the user's that nothing shows; None: whichever."""
        async with self._records.writing() as connection:
            asked = select(PICTURES).where(PICTURES.c.picture == picture).with_for_update()
            row = (await connection.execute(asked)).first()
            if row is None or row.state == GONE or user not in (None, row.user):
                whose = "" if user is None else " of yours"
                raise CommandError("not_found", f"There is no picture `{picture[:64]}`{whose}.")
            if user is not None and not row.unused:
                raise CommandError(
                    "conflict", "Something shows this picture; take it out there first."
                )
            await _let_go(connection, PICTURES.c.picture == picture)
        with contextlib.suppress(StorageAway):  # the sweep does it once the storage is back
            await self._remove_files(picture)

    async def sweep(self) -> int:
        """Remove pictures that nothing showed for long, or whose author or user is gone; return how
        many. Two workers may do it at once."""
        now = unix_ms()
        old = now - int(self._settings.keep_unused_s * 1000)
        async with self._records.writing() as connection:
            unused = (PICTURES.c.state == KEPT) & (PICTURES.c.unused > 0)
            lost = (PICTURES.c.state == COMING) & (PICTURES.c.unused < now - COMING_MS)
            due = or_(unused & (PICTURES.c.unused < old), lost)
            some = select(PICTURES.c.picture).where(due).limit(REMOVED_AT_ONCE)
            ids = (await connection.scalars(some)).all()
            if ids:
                await _let_go(connection, PICTURES.c.picture.in_(ids) & due)
            gone = select(PICTURES.c.picture).where(PICTURES.c.state == GONE)
            waiting = (await connection.scalars(gone.limit(REMOVED_AT_ONCE))).all()
        for picture in waiting:
            await self._remove_files(picture)
        return len(waiting)

    async def _is_wanted_still(self, picture: str) -> bool:
        """Let the time of one that nothing shows begin anew; False if it went meanwhile."""
        kept = (PICTURES.c.picture == picture) & (PICTURES.c.state == KEPT)
        begun = case((PICTURES.c.unused > 0, unix_ms()), else_=0)
        async with self._records.writing() as connection:
            done = await connection.execute(update(PICTURES).where(kept).values(unused=begun))
        return done.rowcount > 0

    async def _keep(self, user: str, digest: str, made: Reencoded) -> Picture:
        """Note it, store its files, then say that it is there: a crash in between leaves nothing
        that the sweep would not find."""
        picture, now = f"p{secrets.token_hex(9)}", unix_ms()
        size = len(made.full) + len(made.small)
        async with self._records.writing() as connection:
            made_row = PICTURES.insert().values(
                picture=picture, user=user, digest=digest, state=COMING, w=made.w, h=made.h,
                bytes=size, created=now, unused=now,
            )  # fmt: skip
            await connection.execute(made_row)
        full, small = file_names(picture)
        try:
            await self._storage.put(small, made.small)
            await self._storage.put(full, made.full)
        except StorageAway as away:
            raise away_refusal(away) from away
        async with self._records.writing() as connection:
            coming = (PICTURES.c.picture == picture) & (PICTURES.c.state == COMING)
            await connection.execute(update(PICTURES).where(coming).values(state=KEPT))
        return picture_of(picture, made.w, made.h)

    async def _remove_files(self, picture: str) -> None:
        """Remove the files of one that is gone, then its row. Raises StorageAway."""
        for name in file_names(picture):
            await self._storage.remove(name)
        async with self._records.writing() as connection:
            gone = (PICTURES.c.picture == picture) & (PICTURES.c.state == GONE)
            await connection.execute(delete(PICTURES).where(gone))

    def _must_have_room(self, kept: _Kept) -> None:
        limits = self._settings
        if kept.lately >= limits.per_user_an_hour_max:
            raise CommandError(
                "rate_limited",
                f"You sent {limits.per_user_an_hour_max} pictures within an hour, the most that "
                "are taken; go on later.",
                HOUR_MS // 6,
            )
        if kept.pictures >= limits.per_user_max or kept.size >= limits.bytes_per_user_max:
            raise CommandError(
                "limit_reached",
                f"You have {kept.pictures} pictures here with {kept.size} bytes; "
                f"{limits.per_user_max} with {limits.bytes_per_user_max} are kept of a user. "
                "Delete notes with old ones first.",
            )


def away_refusal(away: StorageAway) -> CommandError:
    """Return the refusal that users get while the storage is away; the log says why."""
    _log.warning("The storage of pictures can't be used: %s", away)
    return CommandError(
        "unavailable", "Pictures cannot be stored or read at the moment; try again.", AWAY_RETRY_MS
    )


async def use_pictures(
    connection: AsyncConnection, thing: str, author: str, pictures: Sequence[str]
) -> list[Picture]:
    """Say which pictures a thing shows from now on, such as `note:n1`; [] when it is deleted.

    Returns them in this order. What it showed before and shows no more is removed after
    `pictures.keep_unused_s`, unless something else shows it. Raises CommandError `not_found` for
    one that is not there or not the author's; the caller ends the transaction.
    """
    before = select(USES.c.picture).where(USES.c.thing == thing)
    shown = set((await connection.scalars(before)).all())
    asked = PICTURES.c.picture.in_({*pictures, *shown})
    locked = select(PICTURES).where(asked).order_by(PICTURES.c.picture).with_for_update()
    rows = {row.picture: row for row in await connection.execute(locked)}
    for id_ in pictures:
        row = rows.get(id_)
        if row is None or row.user != author or row.state != KEPT:
            raise CommandError(
                "not_found", f"There is no picture `{id_[:64]}` of yours; send it again."
            )
    if gone := shown - set(pictures):
        await connection.execute(
            delete(USES).where(USES.c.thing == thing, USES.c.picture.in_(gone))
        )
        still = select(USES.c.picture).where(USES.c.picture == PICTURES.c.picture).exists()
        unused = update(PICTURES).where(PICTURES.c.picture.in_(gone), ~still)
        await connection.execute(unused.values(unused=unix_ms()))
    if new := set(pictures) - shown:
        rows_of = [{"picture": id_, "thing": thing} for id_ in sorted(new)]
        await connection.execute(USES.insert(), rows_of)
        used = update(PICTURES).where(PICTURES.c.picture.in_(new))
        await connection.execute(used.values(unused=0))
    return [picture_of(id_, rows[id_].w, rows[id_].h) for id_ in pictures]


async def read_pictures(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, Picture]:
    """Return pictures by their ids; those that are not there are left out."""
    if not ids:
        return {}
    asked = select(PICTURES.c.picture, PICTURES.c.w, PICTURES.c.h)
    asked = asked.where(PICTURES.c.picture.in_(set(ids)), PICTURES.c.state == KEPT)
    return {row.picture: picture_of(*row) for row in await connection.execute(asked)}


async def forget_pictures(connection: AsyncConnection, user: str) -> None:
    """Let a user's pictures go, whatever shows them; the next sweep removes their files."""
    await _let_go(connection, PICTURES.c.user == user)


async def _let_go(connection: AsyncConnection, which: ColumnElement[bool]) -> None:
    """Nobody may use these from now on, and nothing says any more whose they were."""
    asked = select(PICTURES.c.picture).where(which)
    await connection.execute(delete(USES).where(USES.c.picture.in_(asked)))
    gone = {"state": GONE, "user": "", "digest": ""}
    await connection.execute(update(PICTURES).where(which).values(**gone))


async def _known(connection: AsyncConnection, user: str, digest: str) -> Picture | None:
    asked = select(PICTURES.c.picture, PICTURES.c.w, PICTURES.c.h).where(
        PICTURES.c.user == user, PICTURES.c.digest == digest, PICTURES.c.state == KEPT
    )
    row = (await connection.execute(asked.limit(1))).first()
    return None if row is None else picture_of(*row)


async def _kept(connection: AsyncConnection, user: str, since: int) -> _Kept:
    of_user = PICTURES.c.user == user
    every = select(func.count(), func.sum(PICTURES.c.bytes)).where(of_user)
    count, size = (await connection.execute(every)).one()
    lately = select(func.count()).select_from(PICTURES).where(of_user, PICTURES.c.created >= since)
    return _Kept(int(count), int(size or 0), int(await connection.scalar(lately) or 0))
