"""The messages about follows: commands, events, and the structs inside them."""

from typing import ClassVar, Literal

from server.protocol.message import Command, Delivery, Event, Ok


class Follow(Command, tag="follow", frozen=True, kw_only=True):
    """Follow the room's host, or no longer."""

    on: bool = True


class Reserve(Command, tag="reserve", frozen=True, kw_only=True):
    """Ask to be told when this scheduled room goes live, or no longer."""

    on: bool = True


class FollowersEvent(Event, tag="followers", frozen=True, kw_only=True):
    """Tells everybody how many follow the host."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    total: int


class ReservedEvent(Event, tag="reserved", frozen=True, kw_only=True):
    """Tells everybody how many reserved a place."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    total: int


class AnnounceEvent(Event, tag="announce", frozen=True, kw_only=True):
    """This room went live: for followers and users who reserved, in whatever room they are."""

    room: str
    title: str
    host: str
    host_name: str
    why: Literal["reserved", "follow"]


class CalledOffEvent(Event, tag="called_off", frozen=True, kw_only=True, omit_defaults=True):
    """This room was cancelled: for those whom its start would have been announced to."""

    room: str
    title: str
    host: str
    host_name: str
    why: Literal["reserved", "follow"]
    reason: str = ""


class FollowOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """Tells how many follow the host, or reserved a place, now."""

    total: int
