"""The messages about luckies: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Id, Name, Seconds, Who
from server.protocol.message import Command, Delivery, Event, Ok


class Winner(Struct, frozen=True):
    """A winner of a lucky draw."""

    user: str
    name: str


class Lucky(Struct, frozen=True, omit_defaults=True):
    """A lucky draw of `prizes` winners among the entrants.

    `seed_hash` is the SHA-1 of the seed, published when the draw opens. The drawing publishes
    `seed`; the winners are the entrants with the lowest SHA-1(seed + " " + user). `entrants_hash`
    is the SHA-1 of all entrants' ids, sorted by their bytes and joined by newlines. `ends` is 0 if
    the host draws.
    """

    lucky: str
    title: str
    prizes: int
    audience: Who
    status: Literal["open", "drawn"]
    starts: int
    ends: int
    seed_hash: str
    entries: int = 0
    seed: str = ""
    entrants_hash: str = ""
    winners: list[Winner] = []


class LuckyOpen(Command, tag="lucky.open", frozen=True, kw_only=True):
    """Open a lucky draw of `prizes` prizes; drawn after `lasts_s`, 0 means by the host."""

    title: Name
    prizes: Annotated[int, Meta(ge=1, le=100)]
    audience: Who = "all"
    lasts_s: Seconds = 0


class LuckyEnter(Command, tag="lucky.enter", frozen=True, kw_only=True):
    """Enter a lucky draw, once a user."""

    lucky: Id


class LuckyDraw(Command, tag="lucky.draw", frozen=True, kw_only=True):
    """Draw the winners now."""

    lucky: Id


class LuckyEvent(Event, tag="lucky", frozen=True, kw_only=True, omit_defaults=True):
    """A lucky draw was opened or drawn: its whole state."""

    lucky: Lucky


class EntriesEvent(Event, tag="entries", frozen=True, kw_only=True):
    """How many entered a lucky draw so far. Never goes down."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    key: ClassVar[str] = "lucky"
    version: ClassVar[str] = "entries"

    lucky: str
    entries: int


class LuckyOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The lucky draw as it is now."""

    lucky: Lucky
