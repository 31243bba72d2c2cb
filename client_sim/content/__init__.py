"""Goods and sentences of the simulated people, read from the files of this folder."""

import tomllib
from importlib.resources import files
from random import Random
from typing import Any

from client_sim.client.wire import Message
from server.protocol.currencies import decimal_text, minor_digits

LANGUAGES = {"zh": 0.72, "en": 0.18, "fr": 0.10}
"""The languages that people write in, with their shares."""


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


# Read on import: later, on a running event loop, it would hold everybody up.
_GOODS = _read("goods.toml")
_TALK = _read("talk.toml")
_NOTES = _read("notes.toml")


def goods() -> list[Message]:
    """The products, as `shelf.put` takes them."""
    return [{"currency": "CNY"} | product for product in _GOODS["product"]]


def notes() -> list[Message]:
    """Notes that are there before the evening; those with `skus` are the host's."""
    found: list[Message] = _NOTES["note"]
    return found


def price_text(minor: int, currency: str) -> str:
    """A price as the host says it, from minor units: 118 元, 1500 JPY, 2.730 KWD."""
    whole, unit = divmod(minor, 10 ** minor_digits(currency))
    text = decimal_text(minor, currency) if unit else str(whole)
    return f"{text} {'元' if currency == 'CNY' else currency}"


def whole_units(minor: int, currency: str) -> int:
    """A price, in minor units, without its decimals; as it is if it is less than a whole unit."""
    unit = 10 ** minor_digits(currency)
    return minor // unit * unit or minor


def names(language: str) -> list[str]:
    """First names and nicknames of people who write this language."""
    found: list[str] = _TALK["names"][language]
    return found


def moods() -> list[str]:
    """The moods that people of every language have lines for."""
    return [mood for mood in _TALK["zh"] if all(mood in _TALK[it] for it in LANGUAGES)]


def line(rng: Random, speaker: str, mood: str, **about: object) -> str:
    """Something a speaker (a language, or `host`) says in a mood."""
    lines = _TALK[speaker][mood]
    text: str = lines if isinstance(lines, str) else rng.choice(lines)
    return text.format(**about) if about else text


def asks_link(text: str) -> bool:
    """Return whether this is one of the lines that ask for the link."""
    return any(text in _TALK[language]["ask_link"] for language in LANGUAGES)


def is_spam(text: str) -> bool:
    """Return whether a moderator would remove this comment."""
    return any(text in _TALK[language]["spam"] for language in LANGUAGES)
