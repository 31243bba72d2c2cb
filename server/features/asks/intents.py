"""Reads what a comment asks for (a link or a question), and which product it means.

Pure: rules in, intents out. Each shop has its own rules (`intent_rules`). One pass over the text
finds all their phrases, however many there are.
"""

import re
from typing import Literal, NamedTuple

from server.features.asks.intent_rules import OTHER, IntentRules
from server.features.asks.phrases import Hit, PhraseBook
from server.text.folding import folded, is_cjk

_PLACE = "([0-9]{1,3}|[一二两三四五六七八九十]{1,3})"
# 5月3号 is a date, 1.3号 and 13号 are not 3号.
_BEFORE = re.compile(f"(?:^|[^0-9.:/月一二两三四五六七八九十]){_PLACE} ?$")
_AFTER = re.compile(f" ?{_PLACE}(?![0-9.:/一二两三四五六七八九十])")
_NUMBER_CHARS_MAX = 5
_NUMBER = "{n}"
_DIGIT = re.compile("[0-9]")
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
    "link",
    "alone",
    "link unless",
    "mark",
    "start",
    "question unless",
    "asks",
    "word",
    "place",
    "other mark",
    "other start",
    "other unless",
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
        entries = _entries(rules)
        self._book: PhraseBook[_Means] = PhraseBook(e for e in entries if _NUMBER not in e[0])
        by_meaning: dict[_Means, list[str]] = {}
        for phrase, means in entries:
            if _NUMBER in phrase:
                by_meaning.setdefault(means, []).append(_pattern(phrase))
        self._with_numbers = [(re.compile("|".join(its)), m) for m, its in by_meaning.items()]

    def read(self, text: str, *, asks: bool = False) -> Intent:
        """What `text` asks for. With `asks`, treat it as a question whatever its words."""
        normal = folded(text)
        hits = [*self._book.hits(normal), *self._numbered(normal)]
        if not hits:
            return Intent(link=False, topic=OTHER, place=0, text=normal) if asks else NOTHING
        by_kind: dict[_Kind, list[Hit[_Means]]] = {}
        for hit in hits:
            by_kind.setdefault(hit.means.kind, []).append(hit)
        link = _is_link(by_kind, normal)
        topic = self._topic(by_kind, normal, asks=asks)
        if not link and not topic:
            if not asks and not _is_other_question(by_kind, normal):
                return NOTHING
            topic = OTHER
        says_places = link or topic not in self._without_places
        places = by_kind.get("place", []) if says_places else []
        place = next(filter(None, (_place(hit, normal) for hit in places)), 0)
        return Intent(link, topic, place, normal)

    def _numbered(self, text: str) -> list[Hit[_Means]]:
        if not _DIGIT.search(text):
            return []
        rest = _EDGE.sub("", text)
        found = (
            (means, (pattern.fullmatch(rest) if means.kind == "asks" else pattern.search(text)))
            for pattern, means in self._with_numbers
        )
        return [Hit(means, hit.start(), hit.end()) for means, hit in found if hit]

    def _topic(self, by_kind: dict[_Kind, list[Hit[_Means]]], text: str, *, asks: bool) -> str:
        unless = by_kind.get("question unless", [])
        found = {hit.means.topic for hit in by_kind.get("asks", ()) if not _is_crossed(hit, unless)}
        if "word" in by_kind and (found or asks or _is_question(by_kind, unless, text)):
            found |= {hit.means.topic for hit in by_kind["word"]}
        return next((topic for topic in self._topics if topic in found), "")


def _entries(rules: IntentRules) -> list[tuple[str, _Means]]:
    lists = [
        (rules.link.phrases, _Means("link")),
        (rules.link.alone, _Means("alone")),
        (rules.link.unless, _Means("link unless")),
        (rules.question.marks, _Means("mark")),
        (rules.question.starts, _Means("start")),
        (rules.question.unless, _Means("question unless")),
        (rules.other.marks, _Means("other mark")),
        (rules.other.starts, _Means("other start")),
        (rules.other.unless, _Means("other unless")),
    ]
    for topic, its in rules.topics.items():
        lists += [(its.asks, _Means("asks", topic)), (its.words, _Means("word", topic))]
    entries = [(phrase, means) for phrases, means in lists for phrase in phrases]
    for pattern in rules.numbers.patterns:
        head, tail = (folded(part) for part in pattern.split("{n}"))
        entries.append((head or tail, _Means("place", head=head, tail=tail)))
    return entries


def _pattern(phrase: str) -> str:
    """An expression of the phrase with a number for each {n}.

    No number and no word runs on beyond its edges, and two numbers have a space between them.
    """
    parts = (re.escape(part).replace("\\ ", " ?") for part in folded(phrase).split(_NUMBER))
    number = "[0-9]{1,3}"
    body = number.join(parts).replace(f"{number} ?{number}", f"{number} {number}")
    left = "(?<![a-z0-9])" if not is_cjk(phrase[0]) else ""
    right = "(?![a-z0-9])" if not is_cjk(phrase[-1]) else ""
    return left + body + right


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
    return _begins(by_kind.get("start", []), text)


def _is_other_question(by_kind: dict[_Kind, list[Hit[_Means]]], text: str) -> bool:
    """Whether it is a question about a product though it fits no topic.

    Chatter asks, too, so a phrase about people or the stream anywhere makes it none.
    """
    if "other unless" in by_kind:
        return False
    asks = not text.isascii() or "?" in text or len(text.split()) > 2  # "is it" alone says nothing
    return "other mark" in by_kind or (asks and _begins(by_kind.get("other start", []), text))


def _begins(hits: list[Hit[_Means]], text: str) -> bool:
    """Whether a hit begins the text or, after punctuation, a part of it."""
    befores = (text[: hit.start].rstrip(" ") for hit in hits)
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
