"""Reads the rules file that defines what comments ask for.

The packaged file is `intents.toml` beside this module (config/intents.toml in a checkout).
"""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from server.settings import SettingsError

OTHER = "other"
"""The topic of questions that fit no topic of the file."""
PHRASES_MAX = 5000

Phrases = list[Annotated[str, Meta(min_length=1, max_length=60)]]
TOPIC_CHARS_MAX = 20


class LinkRules(Struct, frozen=True, forbid_unknown_fields=True):
    """Phrases that ask for a link or price: `phrases` anywhere, `alone` as the whole comment."""

    phrases: Phrases
    alone: Phrases = []
    unless: Phrases = []


class QuestionRules(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a comment a question: `marks` anywhere, `starts` at its start."""

    marks: Phrases
    starts: Phrases = []
    unless: Phrases = []


class OtherRules(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a comment a question that fits no topic: `marks` anywhere, `starts` at its start,
    and no phrase of `unless` anywhere."""

    marks: Phrases = []
    starts: Phrases = []
    unless: Phrases = []


class TopicRules(Struct, frozen=True, forbid_unknown_fields=True):
    """The phrases of a topic: `asks` are questions by themselves, `words` need a question mark.

    `{n}` in a phrase is any number of 1-3 digits; such a phrase of `asks` must be all that is said.

    `numbers` is false if numbers in such questions are dates or the like, not shelf places.
    """

    asks: Phrases = []
    words: Phrases = []
    numbers: bool = True


class NumberRules(Struct, frozen=True, forbid_unknown_fields=True):
    """Patterns that name a place on the shelf; `{n}` is the number."""

    patterns: Phrases


class TitleRules(Struct, frozen=True, forbid_unknown_fields=True):
    """Words in titles that do not identify a product."""

    ignore: Phrases = []


class IntentRules(Struct, frozen=True, forbid_unknown_fields=True, eq=False):
    """The whole file. The order of `topics` is their precedence.

    Equal only to itself, so that what is made of it can be kept by it.
    """

    link: LinkRules
    question: QuestionRules
    topics: dict[str, TopicRules]
    numbers: NumberRules
    titles: TitleRules = TitleRules()
    other: OtherRules = OtherRules()


def read_rules(path: str = "") -> IntentRules:
    """The rules in the file `path`, the packaged ones if it is empty.

    Raises SettingsError with one line that names the fault and its place.
    """
    if not path:
        return _packaged()
    return _read(Path(path), f"asks.rules_file = {path!r}")


@cache
def _packaged() -> IntentRules:
    return _read(files("server.features.asks") / "intents.toml", "The packaged rules of intents")


def _read(source: Traversable, name: str) -> IntentRules:
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise SettingsError(f"{name} can't be read: {error.strerror}.") from None
    try:
        rules = msgspec.toml.decode(raw, type=IntentRules)
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not UTF-8 text.") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{name} is not as docs/asking.md has it: {error}.") from None
    except msgspec.DecodeError as error:
        raise SettingsError(f"{name} is not valid TOML: {error}.") from None
    _check(rules, name)
    return rules


def _check(rules: IntentRules, name: str) -> None:
    for topic, its in rules.topics.items():
        if topic == OTHER or not topic.isidentifier() or len(topic) > TOPIC_CHARS_MAX:
            raise SettingsError(
                f"{name}: a topic can't be called `{topic}`; a name has at most {TOPIC_CHARS_MAX} "
                f"letters, digits and underscores, and `{OTHER}` is all the rest."
            )
        if not its.asks and not its.words:
            raise SettingsError(f"{name}: the topic `{topic}` has neither `asks` nor `words`.")
    for pattern in rules.numbers.patterns:
        head, number, tail = pattern.partition("{n}")
        if not number or not (head + tail).strip() or "{" in tail:
            raise SettingsError(
                f"{name}: `{pattern}` is no pattern of a number; write {{n}} where the number "
                "stands, and what stands beside it."
            )
    count = sum(len(each) for each in phrases(rules))
    if count > PHRASES_MAX:
        raise SettingsError(f"{name} has {count} phrases; {PHRASES_MAX} is the most.")


def phrases(rules: IntentRules) -> list[Phrases]:
    """All lists of phrases that comments are searched for, except the number patterns."""
    link, question = rules.link, rules.question
    lists = [link.phrases, link.alone, link.unless]
    lists += [question.marks, question.starts, question.unless]
    for its in rules.topics.values():
        lists += [its.asks, its.words]
    return lists
