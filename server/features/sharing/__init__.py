"""Sharing: what a link to a room, host or note shows elsewhere, the first view of a room, and a
stream in one's calendar."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.sharing.note_previews import NotePreviews
from server.features.sharing.previews import Previews
from server.features.sharing.routes import SharingRoutes


def _make(engine: Engine, circles: Circles) -> Running:
    previews = Previews(engine.directory, engine.open_room, engine.dispatch.is_gated, circles.hosts)
    return Running(
        routes=SharingRoutes(engine.directory).routes(),
        heads={
            "/watch/{room}": previews.of_room,
            "/h/{host}": previews.of_host,
            "/note/{note}": NotePreviews(engine.records).of_note,
        },
    )


FEATURE = Feature(
    make=_make,
    leans_on=("circles",),
    reads=("comments", "notes", "pictures", "shelf", "stock"),
    scope="rooms",
)
