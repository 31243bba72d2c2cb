"""What every command, reply and event is made of."""

from enum import Enum

from msgspec import Struct

from server.protocol.fields import Ref


class Delivery(Enum):
    """How an event may be treated under pressure."""

    MUST = "must"
    LATEST = "latest"
    SAMPLE = "sample"


class Command(Struct, frozen=True, kw_only=True, tag_field="op"):
    """The base of every command."""

    ref: Ref


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of both replies. `ref` is the command's; null if it could not be read."""

    ref: int | None


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="t"):
    """The base of every event. `seq` is set on must-events to the whole room."""

    seq: int | None = None
