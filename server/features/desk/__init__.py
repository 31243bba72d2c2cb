"""The desk: the values that only host and moderators see."""

from server.feature import Engine, Feature, Running
from server.features.asks import Asked
from server.features.desk import messages
from server.features.desk.desk import Desks, read_staff_values


def _make(engine: Engine, asked: Asked) -> Running:
    return Running(takes=[Desks(engine.store, asked.questions.settle, asked.left.carry)])


FEATURE = Feature(
    make=_make,
    leans_on=("asks",),
    reads=("comments", "rules"),
    messages=messages,
    staff_values=read_staff_values,
)
