"""The archive: every line of every room, copied from Redis to the records."""

from server.feature import Engine, Feature, Running
from server.features.archive.archiver import Archiver
from server.features.archive.holdings import EXPIRED, ended_rooms
from server.features.archive.pseudonymizing import ArchivedPeople
from server.features.archive.settings import ArchiveSettings


def _make(engine: Engine) -> Running:
    archiver = Archiver(
        engine.store,
        engine.records,
        engine.settings,
        engine.worker_id,
        engine.streams,
        engine.projections,
        engine.metrics,
    )
    return Running(
        it=archiver,
        tasks=[archiver],
        stays=[archiver.stays],
        forgets=[ArchivedPeople(engine.projections, archiver.folding)],
        deletes=[archiver.delete],
        undeletable=[archiver.retrying.keep],
        ended_rooms=ended_rooms,
        expired_rooms=EXPIRED,
    )


FEATURE = Feature(
    make=_make,
    reads=("ledger",),
    settings={ArchiveSettings: "records"},
    pending_args=lambda _: {"archives": True},
    keys={
        "archived": (
            "hash: how far the records have this room: `made`, its time of creation in ms, and of "
            "each stream the place of the last archived entry"
        ),
    },
)
