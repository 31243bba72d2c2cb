"""Viewers' asks: links are answered at once and counted; questions are queued for the host."""

from server.feature import Engine, Feature, Running
from server.features.asks import facts, messages
from server.features.asks.asks import Asks
from server.features.asks.intent_rules import read_rules
from server.features.asks.permits import Permits
from server.features.asks.questions import Questions
from server.features.asks.settings import AskSettings, QuestionKeeping
from server.features.asks.showing import Showings
from server.features.asks.snapshot import ANSWERS_MAX, QuestionsPart
from server.features.circles.circles import Circles
from server.features.comments.comments import Comments
from server.features.rules.rules import Rules
from server.rooms.retention import Keeping
from server.settings import Settings


def _make(engine: Engine, circles: Circles, rules: Rules, comments: Comments) -> Running:
    store, settings, metrics = engine.store, engine.settings, engine.metrics
    questions = Questions(store, settings, metrics, engine.directory.host_of)
    asks = comments.heed = Asks(
        store,
        settings,
        metrics,
        Showings(engine.open_room, engine.directory.state),
        questions,
        Permits(store, settings, metrics, rules, circles.belonging),
        read_rules(settings.section(AskSettings).rules_file),
    )
    return Running(it=questions, takes=[asks, questions], closes=[asks.aclose])


def _check(settings: Settings) -> None:
    read_rules(settings.section(AskSettings).rules_file)


_WORDS = ("user", "name", "text")
"""What ends of a question."""
_WORDS_IN_FACTS = [f"question.{name}" for name in _WORDS]

FEATURE = Feature(
    make=_make,
    leans_on=("circles", "rules", "comments"),
    reads=("shelf", "stock"),
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
    },
    host_keys={
        "answers": (
            "hash <sku>/<topic or digest> -> packed Question, answered, and where it was given"
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
