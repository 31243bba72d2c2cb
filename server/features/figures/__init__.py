"""The figures of a room for its host."""

from server.feature import Engine, Feature, Running
from server.features.figures.figure_book import FigureBook
from server.features.figures.goods import Goods, KeptGoods
from server.features.figures.goods_routes import GoodsRoutes
from server.features.figures.routes import FigureRoutes
from server.features.figures.settings import FigureSettings


def _make(engine: Engine) -> Running:
    figures = FigureBook(engine.store, engine.settings, engine.facts)
    goods = Goods(engine.records, engine.facts)
    return Running(
        it=figures,
        routes=[*FigureRoutes(figures).routes(), *GoodsRoutes(goods).routes()],
        closes=[figures.aclose],
        projections=[KeptGoods()],
    )


FEATURE = Feature(
    make=_make,
    reads=("ledger", "archive", "circles", "orders", "visits", "shelf", "follows", "asks"),
    settings={FigureSettings: "figures"},
    host_keys={
        "buyers": "hash user -> packed {room, at} of the first order paid with this host",
        "settled": "hash room -> place in its ledger up to which `buyers` knows it",
        "figures": "hash room -> figures of an ended room as JSON, with the places they are as of",
    },
    people={"buyers": "<user>"},
)
