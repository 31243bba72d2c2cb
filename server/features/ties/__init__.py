"""Ties: which hosts a user follows, where they reserved, belong and claimed, in the records."""

from server.feature import Engine, Feature, Running
from server.features.ties.projection import TieProjection
from server.features.ties.ties import Ties


def _make(engine: Engine) -> Running:
    return Running(it=Ties(engine.records), projections=[TieProjection()])


FEATURE = Feature(make=_make, reads=("archive", "coupons"))
