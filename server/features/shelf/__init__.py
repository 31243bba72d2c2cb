"""The shelf: the products of a room, and the pinned one."""

from server.feature import Engine, Feature, Running
from server.features.shelf import facts, messages
from server.features.shelf.routes import ShelfRoutes
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.features.shelf.shelf import Shelf
from server.features.shelf.snapshot import ShelfPart
from server.features.shelf.taking_over import TakingOver


def _make(engine: Engine) -> Running:
    routes = ShelfRoutes(engine.directory, engine.dispatch).routes()
    shelf = Shelf(engine.store, engine.settings)
    return Running(
        it=shelf,
        takes=[shelf],
        routes=routes,
        founder=TakingOver(engine.directory, engine.settings),
    )


FEATURE = Feature(
    make=_make,
    messages=messages,
    facts=facts,
    settings={ShelfSettings: "rooms", PriceSettings: "orders"},
    part=ShelfPart,
    keys={
        "shelf": "hash sku -> packed Product, in the order of `shelf_order`",
        "shelf_order": "zset: sku by the number of its first put",
    },
)
