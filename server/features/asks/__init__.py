"""Viewers' asks: links are answered at once and counted; questions are queued for the host."""

from typing import NamedTuple

from server.feature import Engine, Feature, Running
from server.features.asks import facts, messages
from server.features.asks.asks import Asks
from server.features.asks.intent_rules import read_rules
from server.features.asks.left_questions import LeftQuestions
from server.features.asks.permits import Permits
from server.features.asks.questions import Questions
from server.features.asks.settings import AskSettings, QuestionKeeping
from server.features.asks.showing import Showings
from server.features.asks.snapshot import ANSWERS_MAX, QuestionsPart
from server.features.circles.circles import Circles
from server.features.comments.comments import Comments
from server.features.rules.rules import Rules
from server.features.shelf.shelf import Shelf
from server.rooms.retention import Keeping
from server.rooms.sweeper import Due
from server.settings import Settings


class Asked(NamedTuple):
    """What others are handed of asks."""

    questions: Questions
    left: LeftQuestions
    asks: Asks


def _make(
    engine: Engine, circles: Circles, rules: Rules, comments: Comments, shelf: Shelf
) -> Running:
    store, settings, metrics = engine.store, engine.settings, engine.metrics
    questions = Questions(store, settings, metrics, engine.directory.host_of)
    showings = Showings(engine.open_room, engine.directory.state)
    left = LeftQuestions(store, settings, showings, engine.directory.host_of)
    shelf.heed = left.carry
    asks = comments.heed = Asks(
        store,
        settings,
        metrics,
        showings,
        questions,
        Permits(store, settings, metrics, rules, circles.belonging),
        read_rules(settings.section(AskSettings).rules_file),
    )
    return Running(
        it=Asked(questions, left, asks),
        takes=[asks, questions],
        closes=[asks.aclose],
        due=[Due(key="leaving", work=left.leave)],
    )


def _check(settings: Settings) -> None:
    read_rules(settings.section(AskSettings).rules_file)


_WORDS = ("user", "name", "text")
"""The fields of a question that are emptied when its time is over."""
_WORDS_IN_FACTS = [f"question.{name}" for name in _WORDS]

FEATURE = Feature(
    make=_make,
    leans_on=("circles", "rules", "comments", "shelf"),
    reads=("stock", "coupons"),
    check=_check,
    messages=messages,
    facts=facts,
    settings={AskSettings: "asks", QuestionKeeping: "records"},
    part=QuestionsPart,
    load_args=lambda _, __: {"answers_max": ANSWERS_MAX},
    keys={
        "asks": "hash sku -> how many asked for its link, '' for no product",
        "asked": "hash <sku>/<user> -> ms of the last ask that was counted",
        "questions": "hash question -> packed Question",
        "askers": "zset: <question>/<user>, all with score 0: who asked an open question",
        "leaving": "zset: `questions` by the ms the stream ended, until its host has the open ones",
    },
    host_keys={
        "answers": (
            "hash <sku>/<topic or digest> -> packed Question, answered, and where it was given"
        ),
        "left": (
            "hash <sku>/<topic or digest> -> packed Question that a stream left open, without its "
            "asker, and whence"
        ),
    },
    people={"asked": "<other>/<user>", "askers": "<other>/<user>"},
    keeps=[
        Keeping(
            kind="questions",
            days=lambda settings: settings.section(QuestionKeeping).keep_questions_days,
            facts=dict.fromkeys(("queued", "question"), _WORDS_IN_FACTS),
            rows={"questions": _WORDS},
            keys=("askers",),
        )
    ],
)
