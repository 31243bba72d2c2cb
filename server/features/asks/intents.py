"""Reads what a comment asks for (a link or a question), and which product it means.

Pure: rules in, intents out. Each shop has its own rules (`intent_rules`). One pass over the text
finds all their phrases, however many there are.
"""

import re
from typing import Literal, NamedTuple

from server.features.asks.intent_rules import OTHER, IntentRules
from server.features.asks.phrases import Hit, PhraseBook
from server.text.folding import folded

_PLACE = "([0-9]{1,3}|[一二两三四五六七八九十]{1,3})"
# 5月3号 is a date, 1.3号 and 13号 are not 3号.
_BEFORE = re.compile(f"(?:^|[^0-9.:/月一二两三四五六七八九十]){_PLACE} ?$")
_AFTER = re.compile(f" ?{_PLACE}(?![0-9.:/一二两三四五六七八九十])")
_NUMBER_CHARS_MAX = 5
_SIMPLE = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_EDGE = re.compile(r"^[\W_]+|[\W_]+$")


class Intent(NamedTuple):
    """What a text asks for; all empty when it asks for nothing.

    `link`: it asks for a product's link or price. `topic`: the topic of the question; `other` if
    it fits none of the rules. `place`: the product's place on the shelf, counted from 1; 0 if the
    text names none. `text`: the folded text.
    """

    link: bool
    topic: str
    place: int
    text: str

    @property
    def asks(self) -> bool:
        """Whether it asks for anything."""
        return self.link or bool(self.topic)


NOTHING = Intent(link=False, topic="", place=0, text="")


_Kind = Literal[
    "link", "alone", "link unless", "mark", "start", "question unless", "asks", "word", "place"
]


class _Means(NamedTuple):
    kind: _Kind
    topic: str = ""
    head: str = ""
    tail: str = ""


class Intents:
    """Reads texts by one set of rules."""

    def __init__(self, rules: IntentRules) -> None:
        self._topics = list(rules.topics)
        self._without_places = {name for name, its in rules.topics.items() if not its.numbers}
        self._book: PhraseBook[_Means] = PhraseBook(_entries(rules))

    def read(self, text: str, *, asks: bool = False) -> Intent:
        """What `text` asks for. With `asks`, treat it as a question whatever its words."""
        normal = folded(text)
        hits = self._book.hits(normal)
        if not hits:
            return Intent(link=False, topic=OTHER, place=0, text=normal) if asks else NOTHING
        by_kind: dict[_Kind, list[Hit[_Means]]] = {}
        for hit in hits:
            by_kind.setdefault(hit.means.kind, []).append(hit)
        link = _is_link(by_kind, normal)
        topic = self._topic(by_kind, normal, asks=asks)
        if not link and not topic:
            if not asks:
                return NOTHING
            topic = OTHER
        says_places = link or topic not in self._without_places
        places = by_kind.get("place", []) if says_places else []
        place = next(filter(None, (_place(hit, normal) for hit in places)), 0)
        return Intent(link, topic, place, normal)

    def _topic(self, by_kind: dict[_Kind, list[Hit[_Means]]], text: str, *, asks: bool) -> str:
        unless = by_kind.get("question unless", [])
        found = {hit.means.topic for hit in by_kind.get("asks", ()) if not _is_crossed(hit, unless)}
        if not found and "word" in by_kind and (asks or _is_question(by_kind, unless, text)):
            found = {hit.means.topic for hit in by_kind["word"]}
        return next((topic for topic in self._topics if topic in found), "")


def _entries(rules: IntentRules) -> list[tuple[str, _Means]]:
    lists = [
        (rules.link.phrases, _Means("link")),
        (rules.link.alone, _Means("alone")),
        (rules.link.unless, _Means("link unless")),
        (rules.question.marks, _Means("mark")),
        (rules.question.starts, _Means("start")),
        (rules.question.unless, _Means("question unless")),
    ]
    for topic, its in rules.topics.items():
        lists += [(its.asks, _Means("asks", topic)), (its.words, _Means("word", topic))]
    entries = [(phrase, means) for phrases, means in lists for phrase in phrases]
    for pattern in rules.numbers.patterns:
        head, tail = (folded(part) for part in pattern.split("{n}"))
        entries.append((head or tail, _Means("place", head=head, tail=tail)))
    return entries


def _is_link(by_kind: dict[_Kind, list[Hit[_Means]]], text: str) -> bool:
    unless = by_kind.get("link unless", [])
    if any(not _is_crossed(hit, unless) for hit in by_kind.get("link", ())):
        return True
    if "alone" not in by_kind:
        return False
    rest = len(_EDGE.sub("", text))
    return any(hit.end - hit.start == rest for hit in by_kind["alone"])


def _is_question(
    by_kind: dict[_Kind, list[Hit[_Means]]], unless: list[Hit[_Means]], text: str
) -> bool:
    if any(not _is_crossed(hit, unless) for hit in by_kind.get("mark", ())):
        return True
    befores = (text[: hit.start].rstrip(" ") for hit in by_kind.get("start", ()))
    return any(not before or not before[-1].isalnum() for before in befores)


def _is_crossed(hit: Hit[_Means], unless: list[Hit[_Means]]) -> bool:
    """Whether one of `unless` overlaps the hit."""
    return any(other.start < hit.end and hit.start < other.end for other in unless)


def _place(hit: Hit[_Means], text: str) -> int:
    """The number beside a phrase that announces one; 0 if there is none."""
    head, tail = hit.means.head, hit.means.tail
    if not head:
        found = _BEFORE.search(text[max(0, hit.start - _NUMBER_CHARS_MAX) : hit.start])
        return _number(found[1]) if found else 0
    found = _AFTER.match(text[hit.end : hit.end + _NUMBER_CHARS_MAX + len(tail) + 1])
    if not found or not text[hit.end + found.end() :].lstrip(" ").startswith(tail):
        return 0
    return _number(found[1])


def _number(said: str) -> int:
    """The value of one to three digits or a Chinese number below 100; 0 for anything else."""
    if said.isdigit():
        return int(said)
    tens, ten, ones = said.partition("十")
    if not ten:
        return _SIMPLE.get(said, 0)
    if not {tens, ones} <= {"", *_SIMPLE}:
        return 0
    return _SIMPLE.get(tens, 1) * 10 + _SIMPLE.get(ones, 0)
