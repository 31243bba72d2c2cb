"""`liveroom backup` and `liveroom restore`: Redis and the records, each as of one moment.

Redis is copied first. Whatever has left it by then is in the records, which are copied after; what
the records have beyond that copy of Redis came later than the backup.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from server import __version__
from server.background.clock import unix_ms
from server.cli.manifest import (
    FORGOTTEN_FILE,
    FORM,
    MANIFEST,
    BackupUnusable,
    Manifest,
    RecordsPart,
    RedisPart,
    file_at,
    holds_any,
    make_empty,
    read_forgotten,
    read_manifest,
    write_whole,
)
from server.cli.on_store import COULD_NOT_RUN, Config, DataDir, RedisUrl, run_on_store
from server.features.pictures.settings import PictureSettings, picture_folder
from server.house import load_settings, records_of
from server.records.database import Database
from server.settings import Settings
from server.store.room_store import RoomStore

if TYPE_CHECKING:
    from server.worker import Worker

REDIS_FILE = "redis.rdb"
RECORDS_FILE = {"sqlite": "records.sqlite3", "postgresql": "records.pgdump"}

STILL_NAMED = 1
"""The status of a restore after which rooms still name somebody who was forgotten."""

Folder = Annotated[Path, typer.Argument(help="Folder of the backup.")]


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn what a person can mend into a sentence and status 2."""
    from sqlalchemy.exc import SQLAlchemyError

    from server.records.dumping import DumpFailed
    from server.records.errors import RecordsAway, RecordsUnusable, words_of
    from server.store.folder_lock import FolderInUse
    from server.store.snapshot import SnapshotFailed

    known = (BackupUnusable, DumpFailed, SnapshotFailed, FolderInUse, RecordsAway, RecordsUnusable)
    try:
        yield
    except (*known, OSError) as error:
        why = str(error)
    except SQLAlchemyError as error:
        why = words_of(error)
    else:
        return
    typer.echo(f"liveroom: {why}", err=True)
    raise typer.Exit(COULD_NOT_RUN)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the `liveroom` command."""
    app.command()(backup)
    app.command()(restore)


def backup(
    folder: Folder, config: Config = None, data_dir: DataDir = None, redis_url: RedisUrl = None
) -> None:
    """Copy Redis and the records to an empty FOLDER, also while the server runs."""
    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})

    async def work(store: RoomStore) -> int:
        with _sentences():
            manifest = await write_backup(store, settings, folder.absolute())
        if manifest.redis is None:
            typer.echo(
                "liveroom: Redis is not in this backup, since redis.url names one of its own: back "
                "it up by its own means (its snapshot or its append-only file), before this.",
                err=True,
            )
        if said := await asyncio.to_thread(_pictures_left_out, settings):
            typer.echo(f"liveroom: {said}", err=True)
        size = sum(each.file.bytes for each in (manifest.redis, manifest.records) if each)
        typer.echo(f"The backup is in {folder}: {size:,} bytes.")
        return 0

    run_on_store(work, config, data_dir, redis_url)


def restore(
    folder: Folder,
    forgotten: Annotated[
        Path | None,
        typer.Option(help="A newer backup, or what `liveroom records forgotten` printed."),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    redis_url: RedisUrl = None,
) -> None:
    """Bring back the backup in FOLDER: to a data folder and records that are still empty.

    Who was forgotten since is forgotten again. Status 1 if rooms still name them.
    """
    settings = load_settings(config, {"data.dir": data_dir, "redis.url": redis_url})
    with _sentences():
        manifest, still = asyncio.run(bring_back(settings, folder.absolute(), forgotten))
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest.began / 1000))
    typer.echo(f"Restored the backup of {when}. Check it: liveroom audit --all")
    if manifest.redis is None:
        typer.echo(
            "liveroom: It holds the records alone: restore Redis by its own means.", err=True
        )
    for sentence in still:
        typer.echo(f"liveroom: {sentence}", err=True)
    if still:
        raise typer.Exit(STILL_NAMED)


async def write_backup(store: RoomStore, settings: Settings, folder: Path) -> Manifest:
    """Make a backup in a folder that is empty or not there. Raises BackupUnusable and what the
    stores raise; then the folder has no manifest."""
    from server.records.forgotten import forgotten_since

    await asyncio.to_thread(make_empty, folder)
    began = unix_ms()
    redis = None if settings.redis.url else await _copy_redis(store, settings, folder)
    async with _records(settings) as records:
        copied = await _copy_records(records, folder)
        async with records.reading() as connection:
            forgotten = msgspec.json.encode(await forgotten_since(connection, 0))
    await asyncio.to_thread(write_whole, folder / FORGOTTEN_FILE, forgotten)
    manifest = Manifest(FORM, __version__, began, unix_ms(), copied, redis)
    await asyncio.to_thread(write_whole, folder / MANIFEST, msgspec.json.encode(manifest))
    return manifest


async def _copy_redis(store: RoomStore, settings: Settings, folder: Path) -> RedisPart:
    from server.rooms.data_version import must_be_readable
    from server.store.release import Release
    from server.store.snapshot import save_snapshot

    release = Release.told_by(await store.redis.info("server"))
    data_version = await must_be_readable(store)
    target = folder / REDIS_FILE
    await save_snapshot(store.redis, _data_folder(settings) / "redis", target)
    file = await asyncio.to_thread(file_at, target)
    return RedisPart(file, release.name, release.number, data_version)


async def _copy_records(records: Database, folder: Path) -> RecordsPart:
    from server.records.dumping import dump

    engine = _engine(records)
    revisions = await records.revisions()
    target = folder / RECORDS_FILE[engine]
    await dump(records, target)
    return RecordsPart(await asyncio.to_thread(file_at, target), engine, list(revisions))


def _pictures_left_out(settings: Settings) -> str:
    """Say where the pictures are, which no backup holds; '' if there are none."""
    if bucket := settings.section(PictureSettings).s3_url:
        return f"Pictures are not in this backup: back up the bucket {bucket} by its own means."
    folder = picture_folder(settings)
    if not holds_any(folder):
        return ""
    return (
        f"Pictures are not in this backup: copy {folder} now, such as by rsync; it never changes."
    )


def _data_folder(settings: Settings) -> Path:
    return Path(settings.data.dir).absolute()


async def bring_back(
    settings: Settings, folder: Path, newer: Path | None = None
) -> tuple[Manifest, list[str]]:
    """Restore a backup, and forget again who was forgotten since, also by a `newer` list.

    Returns its manifest and sentences about people who are still named. All is checked before
    anything is written. Raises BackupUnusable, FolderInUse and what the stores raise.
    """
    from server.records.dumping import load
    from server.store.folder_lock import FolderLock
    from server.store.release import Release, parsed
    from server.store.snapshot import lay_down

    manifest = await asyncio.to_thread(read_manifest, folder)
    listed = await asyncio.to_thread(read_forgotten, newer) if newer is not None else {}
    data = _data_folder(settings)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    lock = await asyncio.to_thread(FolderLock, data)
    try:
        async with _records(settings) as records:
            await _must_fit(manifest, settings, records, data)
            await load(records, folder / manifest.records.file.name)
        if (redis := manifest.redis) is not None:
            writer = Release(redis.program, parsed(redis.version))
            source = folder / redis.file.name
            await asyncio.to_thread(lay_down, source, data / "redis", writer)
    finally:
        lock.release()
    left = await _follow(settings, data, manifest, listed) if manifest.redis is not None else []
    return manifest, left


async def _follow(
    settings: Settings, data: Path, manifest: Manifest, listed: Mapping[str, int]
) -> list[str]:
    """Start Redis on what was restored, make both stores agree, and forget again who was forgotten
    since; return sentences about what could not be done."""
    from random import Random

    from server.cli.on_store import open_store
    from server.records.forgotten import forgotten_since
    from server.rooms.reconciling import Reconciler
    from server.telemetry.metrics import Metrics
    from server.worker import Worker

    async with open_store(settings, data) as store:
        worker = Worker(store.redis, settings, worker_id="cli", metrics=Metrics(), random=Random())
        async with worker:
            archiver = worker.running["archive"].it
            reconciler = Reconciler(worker.store, worker.records, worker.deletes)
            async with worker.records.reading() as connection:
                between = await forgotten_since(connection, manifest.began)
            later = {user for user, at in listed.items() if at >= manifest.began}
            await reconciler.drop(await archiver.drop_made_since(manifest.began))
            # Who was forgotten between the copies is in Redis, and not in the archive.
            await archiver.follow_backup(wholly=bool(between))
            await reconciler.bring_back()
            await reconciler.follow_records()
            while (await archiver.copy_all())[1]:
                pass  # what was dropped and Redis has is copied again
            await worker.running["allotments"].it.transfers.free_lost()
            return await _forget_again(worker, sorted(later | set(between)))


async def _forget_again(worker: "Worker", users: Sequence[str]) -> list[str]:
    from server.rooms.forgetting import HostsStill

    said, forgetter = [], worker.forgetter()
    for user in users:
        try:
            forgotten = await forgetter.forget(user)
        except HostsStill as still:
            said.append(str(still))
            continue
        said += [f"Room {room} still names `{user}`: {why}." for room, why in
                 forgotten.waiting.items()]  # fmt: skip
    return said


async def _must_fit(manifest: Manifest, settings: Settings, records: Database, data: Path) -> None:
    """Refuse what this server can't read, and targets that hold something."""
    from server.records import dumping
    from server.rooms.data_version import VERSION

    if manifest.redis is not None and manifest.redis.data_version > VERSION:
        raise BackupUnusable(
            f"The backup was made by Liveroom {manifest.version}, with data of version "
            f"{manifest.redis.data_version}; this one reads versions up to {VERSION}: restore it "
            "with that Liveroom or a newer one."
        )
    await records.must_know(manifest.records.revisions)
    if manifest.redis is not None and settings.redis.url:
        raise BackupUnusable(
            "The backup holds the data of a private Redis, and redis.url names another: unset it, "
            "restore, and move the data by the means of that Redis."
        )
    if (engine := _engine(records)) != manifest.records.engine:
        raise BackupUnusable(
            f"The backup's records are of {manifest.records.engine}, and records.url names "
            f"{engine}: name an empty database of the same kind."
        )
    if manifest.redis is not None and await asyncio.to_thread(holds_any, data / "redis"):
        raise BackupUnusable(
            f"The data folder {data} holds a Redis already: name another with --data-dir, or move "
            "its folder `redis` away."
        )
    if await dumping.holds_any(records):
        raise BackupUnusable(
            f"There are records at {records.shown} already: move them away, or name an empty "
            "database in records.url."
        )


@asynccontextmanager
async def _records(settings: Settings) -> AsyncIterator[Database]:
    records = records_of(settings)
    try:
        yield records
    finally:
        await records.aclose()


def _engine(records: Database) -> str:
    return "sqlite" if records.is_sqlite else "postgresql"
