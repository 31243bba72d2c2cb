"""Prompts: what the host's team tells the host, and nobody else."""

from server.feature import Engine, Feature, Running
from server.features.prompts import messages
from server.features.prompts.prompts import Prompts, read_staff_values
from server.features.prompts.routes import PromptRoutes


def _make(engine: Engine) -> Running:
    return Running(
        takes=[Prompts(engine.store, engine.settings)],
        routes=PromptRoutes(engine.dispatch).routes(),
    )


FEATURE = Feature(
    make=_make,
    messages=messages,
    staff_values=read_staff_values,
    keys={
        "prompts": (
            "list: packed {prompt user name text at}, the newest last; it ends with the stream"
        ),
    },
)
