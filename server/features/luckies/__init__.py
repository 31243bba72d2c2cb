"""Lucky draws."""

from server.feature import Engine, Feature, Running
from server.features.circles.circles import Circles
from server.features.luckies import facts, messages
from server.features.luckies.luckies import Luckies
from server.features.luckies.mine import LuckyMine
from server.features.luckies.routes import LuckyRoutes
from server.features.luckies.settings import LuckySettings
from server.features.luckies.snapshot import LuckiesPart


def _make(engine: Engine, circles: Circles) -> Running:
    luckies = Luckies(engine.store, engine.settings, circles.belonging, engine.metrics)
    return Running(it=luckies, takes=[luckies], routes=LuckyRoutes(luckies).routes())


FEATURE = Feature(
    make=_make,
    leans_on=("circles",),
    reads=("rounds",),
    messages=messages,
    facts=facts,
    settings={LuckySettings: "luckies"},
    part=LuckiesPart,
    mine=LuckyMine,
    keys={
        "luckies": "hash lucky -> packed Lucky; and `newest`, for older servers only",
        "lucky_seeds": "hash lucky -> seed, until it was drawn",
        "entrants": "hash <lucky>/<user> -> name",
        "entered": "zset: <lucky>/<user>, all with score 0, so in the order of their bytes",
        "lots": "zset: <lucky>/<SHA-1 in hex><user>, all with score 0, until it was drawn",
    },
    people={
        "entrants": "<other>/<user> -> <name>",
        "entered": "<other>/<user>",
        "lots": "<other>/<sha1><user>",
    },
)
