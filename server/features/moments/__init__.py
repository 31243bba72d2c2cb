"""Moments: what the buyer of an order was shown when they bought."""

from server.feature import Engine, Feature, Running
from server.features.moments.order_moments import OrderMoments
from server.features.moments.routes import MomentRoutes
from server.features.sending.parties import Parties


def _make(engine: Engine, parties: Parties) -> Running:
    moments = OrderMoments(engine.store, engine.directory, parties)
    return Running(it=moments, routes=MomentRoutes(moments).routes())


FEATURE = Feature(
    make=_make,
    leans_on=("sending",),
    reads=("orders", "replay", "shelf"),
)
