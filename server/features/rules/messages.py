"""The messages about rules: commands, events, and the structs inside them."""

from typing import Literal

from server.protocol.fields import Words
from server.protocol.message import Command, Ok

Review = Literal["off", "new", "all"]


WordAction = Literal["block", "hold"]


class WordsPut(Command, tag="words.put", frozen=True, kw_only=True):
    """Refuse comments with these words, or hold them for review."""

    words: Words
    action: WordAction


class WordsRemove(Command, tag="words.remove", frozen=True, kw_only=True):
    """Let these words pass again."""

    words: Words


class Rules(Command, tag="rules", frozen=True, kw_only=True):
    """Change who may comment and what waits for review; what is absent stays as it is."""

    followers_only: bool | None = None
    review: Review | None = None


class WordsOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """How many words the room has of its own; null where no words were changed."""

    total: int | None = None
