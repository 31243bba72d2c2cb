"""The messages about custom events: a command, and an event for each delivery class."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from server.protocol.fields import Id
from server.protocol.message import Command, Delivery, Event, Ok

DeliveryName = Literal["must", "latest", "sample"]
Item = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:@-]*$(?!\n)")]


class CustomValue(Struct, frozen=True, omit_defaults=True):
    """The newest value of one `name` and `item`. A smaller `ver` is older; `at` in Unix ms."""

    name: str
    data: Any
    ver: int
    at: int
    item: str = ""


class EventSend(Command, tag="event.send", frozen=True, kw_only=True):
    """Tell a custom event to the room.

    `latest` keeps the newest value of each `name` and `item`, and shows it to newcomers; without
    `data` it is taken away.
    """

    name: Annotated[Id, Meta(examples=["goal"])]
    data: Annotated[Any, Meta(description="any JSON", examples=[{"reached": 5000}])] = None
    delivery: DeliveryName = "must"
    item: Annotated[Item, Meta(examples=["team-a"])] = ""


class CustomEvent(Event, tag="custom", frozen=True, kw_only=True, omit_defaults=True):
    """Something happened that the shop tells; every viewer hears it."""

    name: str
    data: Any = None


class CustomLatestEvent(Event, tag="custom_latest", frozen=True, kw_only=True, omit_defaults=True):
    """The newest value of this `name` and `item`; without `data` there is none any more."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    version: ClassVar[str] = "ver"

    name: str
    ver: int
    at: int
    item: str = ""
    data: Any = None

    def latest_key(self) -> Any:
        """Two fields tell which value it is."""
        return type(self), self.name, self.item


class CustomSampleEvent(Event, tag="custom_sample", frozen=True, kw_only=True, omit_defaults=True):
    """Something of which a viewer need not hear each."""

    delivery: ClassVar[Delivery] = Delivery.SAMPLE

    name: str
    data: Any = None


class EventOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The place of a must-event in the room's story, or the `ver` of a value."""

    seq: int | None = None
    ver: int | None = None
