"""What the simulated people sell and say, read from the files beside this one."""

import tomllib
from importlib.resources import files
from random import Random
from typing import Any

from client_sim.wire import Message

LANGUAGES = {"zh": 0.72, "en": 0.18, "fr": 0.10}
"""What people write in, and how many of them."""


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


# Read on import: later, on a running event loop, it would hold everybody up.
_GOODS = _read("goods.toml")
_TALK = _read("talk.toml")


def goods() -> list[Message]:
    """The products, as `shelf.put` takes them."""
    return [{"currency": "CNY"} | product for product in _GOODS["product"]]


def names(language: str) -> list[str]:
    """First names and nicknames of people who write this language."""
    found: list[str] = _TALK["names"][language]
    return found


def line(rng: Random, speaker: str, mood: str, **about: object) -> str:
    """Something a speaker (a language, or `host`) says in a mood."""
    lines = _TALK[speaker][mood]
    text: str = lines if isinstance(lines, str) else rng.choice(lines)
    return text.format(**about) if about else text


def asks_link(text: str) -> bool:
    """Whether this is one of the lines by which people ask for the link."""
    return any(text in _TALK[language]["ask_link"] for language in LANGUAGES)


def is_spam(text: str) -> bool:
    """Whether a moderator would take this comment back."""
    return any(text in _TALK[language]["spam"] for language in LANGUAGES)
