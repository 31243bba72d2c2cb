"""The shelf: the products of a room, and the pinned one."""

from collections.abc import Mapping
from typing import Any

from server.feature import Engine, Feature, Running
from server.features.shelf import facts, messages
from server.features.shelf.routes import ShelfRoutes
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.features.shelf.shelf import Shelf
from server.features.shelf.snapshot import ShelfPart
from server.features.shelf.taking_over import TakingOver
from server.settings import Settings


def _make(engine: Engine) -> Running:
    routes = ShelfRoutes(engine.directory, engine.dispatch, engine.open_room).routes()
    shelf = Shelf(engine.store, engine.settings)
    founder = TakingOver(engine.directory, engine.settings, shelf)
    return Running(it=shelf, takes=[shelf], routes=routes, founder=founder)


def _load_args(settings: Settings, _room: str) -> Mapping[str, Any]:
    return settings.section(ShelfSettings).shown_args()


FEATURE = Feature(
    make=_make,
    reads=("stock",),
    messages=messages,
    facts=facts,
    settings={ShelfSettings: "rooms", PriceSettings: "orders"},
    part=ShelfPart,
    load_args=_load_args,
    keys={
        "shelf": "hash sku -> packed Product, in the order of `shelf_order`",
        "metas": "hash sku -> the shop's own text about a product; no viewer is shown it",
        "shelf_order": "zset: sku by the number of its first put",
    },
)
