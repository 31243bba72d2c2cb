"""The messages about phases: commands, events, and the structs inside them."""

from typing import Annotated

from msgspec import Meta

from server.protocol.message import Command, Event
from server.protocol.room import Phase


class LiveStart(Command, tag="live.start", frozen=True, kw_only=True):
    """Go live."""


class LiveEnd(Command, tag="live.end", frozen=True, kw_only=True):
    """End the stream; held orders may still be paid.

    Open sales close, unless `selling` is set: then viewers of the replay can still buy.
    """

    selling: bool = False


class LiveCancel(Command, tag="live.cancel", frozen=True, kw_only=True):
    """Cancel the room before its stream starts, for a reason that everybody may read.

    Who reserved a place or follows the host is told, and the places are free.
    """

    reason: Annotated[str, Meta(max_length=200)] = ""


class Selling(Command, tag="selling", frozen=True, kw_only=True):
    """Allow or forbid buying from open sales after the end of the stream."""

    on: bool


class PhaseEvent(Event, tag="phase", frozen=True, kw_only=True, omit_defaults=True):
    """The stream started or ended at `at`; `cancelled`: it will not take place."""

    phase: Phase
    at: int
    cancelled: bool = False
    reason: str = ""
