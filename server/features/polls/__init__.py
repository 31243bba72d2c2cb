"""The room chooses."""

from server.feature import Engine, Feature, Running
from server.features.polls import facts, messages
from server.features.polls.mine import PollMine
from server.features.polls.polls import Polls
from server.features.polls.routes import PollRoutes
from server.features.polls.settings import PollSettings
from server.features.polls.snapshot import PollsPart


def _make(engine: Engine) -> Running:
    polls = Polls(engine.store, engine.settings, engine.metrics)
    return Running(it=polls, takes=[polls], routes=PollRoutes(polls).routes())


FEATURE = Feature(
    make=_make,
    reads=("rounds",),
    messages=messages,
    facts=facts,
    settings={PollSettings: "polls"},
    part=PollsPart,
    mine=PollMine,
    keys={
        "polls": "hash poll -> packed fixed part of a Poll; and `newest`, for older servers only",
        "votes": (
            "hash <poll>/<user> -> option; <poll>:<option> -> how many; <poll>:ver, <poll>:status"
        ),
    },
    people={"votes": "<other>/<user>"},
)
