"""The rules for comments: who may comment, and which words are blocked or held."""

from server.feature import Engine, Feature, Running
from server.features.rules import facts, messages
from server.features.rules.routes import RuleRoutes
from server.features.rules.rules import Rules
from server.features.rules.server_word_routes import ServerWordRoutes
from server.features.rules.settings import ModerationSettings
from server.features.rules.snapshot import RulesPart
from server.features.rules.words import read_words
from server.settings import Settings


def _make(engine: Engine) -> Running:
    rules = Rules(engine.store, engine.settings)
    routes = [
        *RuleRoutes(rules, engine.dispatch).routes(),
        *ServerWordRoutes(rules.server).routes(),
    ]
    return Running(it=rules, takes=[rules], routes=routes, tasks=[rules.server])


def _check(settings: Settings) -> None:
    read_words(settings.section(ModerationSettings).words_file)


FEATURE = Feature(
    make=_make,
    check=_check,
    messages=messages,
    facts=facts,
    settings={ModerationSettings: "moderation"},
    part=RulesPart,
    keys={
        "rules": "hash: rules of moderation that no snapshot shows",
        "words": "hash blocked word -> block or hold",
    },
    shared_keys={
        "server_words": "hash id of a word -> ServerWord as JSON: what all rooms block or hold",
        "server_patterns": "hash id of a pattern -> ServerWord as JSON, likewise",
        "server_words_ver": "integer: the version of `server_words`",
    },
)
