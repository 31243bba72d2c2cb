"""The sitemap: which pages of notes, rooms and hosts search engines may show."""

from server.feature import Engine, Feature, Running
from server.features.sitemap.addresses import Addresses
from server.features.sitemap.routes import SitemapRoutes


def _make(engine: Engine) -> Running:
    return Running(routes=SitemapRoutes(Addresses(engine.records)).routes())


FEATURE = Feature(make=_make, reads=("notes", "search"))
