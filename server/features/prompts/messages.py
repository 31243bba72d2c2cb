"""The messages about prompts, which only host and moderators hear."""

from typing import ClassVar

from msgspec import Struct

from server.protocol.fields import Id, Phrase
from server.protocol.message import Command, Delivery, Event, Ok


class Prompt(Struct, frozen=True):
    """A line for the host's screen, and who of the team wrote it; `at` in Unix ms."""

    prompt: str
    user: str
    name: str
    text: str
    at: int


class PromptsRead(Command, tag="prompts", frozen=True, kw_only=True):
    """Read the lines that stand on the host's screen."""

    reads: ClassVar[bool] = True


class PromptSend(Command, tag="prompt.send", frozen=True, kw_only=True):
    """Put a line on the host's screen; viewers are never told."""

    text: Phrase


class PromptClear(Command, tag="prompt.clear", frozen=True, kw_only=True):
    """Take a line off the host's screen; without `prompt` all of them."""

    prompt: Id | None = None


class PromptsEvent(Event, tag="prompts", frozen=True, kw_only=True):
    """Told to host and moderators: the lines on the host's screen, the newest last."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    prompts: list[Prompt]


class PromptsOk(Ok, tag="ok", frozen=True, kw_only=True):
    """The lines on the host's screen, the newest last."""

    prompts: list[Prompt]
