"""The picture: who may send it, who may get it, and from where."""

from server.feature import Engine, Feature, Running
from server.features.media import facts, messages
from server.features.media.media import Media
from server.features.media.opening import opened_by
from server.features.media.routes import MediaRoutes
from server.features.media.settings import MediaSettings, check
from server.features.media.snapshot import PicturePart
from server.features.media.sources import SourceBook


def _make(engine: Engine) -> Running:
    settings = engine.settings.section(MediaSettings)
    media = Media(engine.store, engine.settings)
    sources = SourceBook(media, settings)
    routes = MediaRoutes(media, sources, engine.directory, engine.dispatch, settings)
    return Running(it=media, takes=[media], routes=routes.routes())


FEATURE = Feature(
    make=_make,
    messages=messages,
    facts=facts,
    settings={MediaSettings: "media"},
    check=check,
    part=PicturePart,
    opened=opened_by,
)
