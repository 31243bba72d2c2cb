"""The messages about the rundown: commands, an event for staff, and an item as it is read."""

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, field

from server.protocol.fields import Id, Phrase
from server.protocol.message import Command, Delivery, Event, Ok
from server.protocol.room import Start

ItemKind = Literal["product", "sale", "poll", "lucky", "coupon", "auction", "note"]
Before = Annotated[str, Meta(max_length=64)]
Lasts = Annotated[int, Meta(ge=0, le=86_400, description="seconds, 0 = unknown")]
Does = Annotated[
    dict[str, Any],
    Meta(
        description="fields of `pin` `sale.open` `poll.open` `lucky.open` `coupon.open` or "
        "`auction.open`, by `kind`",
        examples=[{"sku": "mug"}],
    ),
]


class RundownItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is planned.

    `does` has the fields of the command that one press sends, none for a `note`. `at` is a fixed
    start (Unix ms), 0: right after the item before; `lasts_s` is how long it takes. `planned` is
    when it starts by that, 0 where nothing says. `done` is when it was done, 0: not yet.
    """

    item: str
    kind: ItemKind
    title: str
    does: dict[str, Any] = field(default_factory=dict)
    at: int = 0
    lasts_s: int = 0
    planned: int = 0
    done: int = 0


class RundownRead(Command, tag="rundown", frozen=True, kw_only=True):
    """Read what is planned for this room."""

    reads: ClassVar[bool] = True


class RundownPut(Command, tag="rundown.put", frozen=True, kw_only=True):
    """Plan something, before another item or at the end; with `item` change that one, where it
    stands."""

    kind: ItemKind
    title: Phrase
    does: Does = field(default_factory=dict)
    at: Start = 0
    lasts_s: Lasts = 0
    item: Id | None = None
    before: Before = ""


class RundownMove(Command, tag="rundown.move", frozen=True, kw_only=True):
    """Put an item before another one; an empty `before`: at the end."""

    item: Id
    before: Before = ""


class RundownRemove(Command, tag="rundown.remove", frozen=True, kw_only=True):
    """Plan an item no longer."""

    item: Id


class RundownDo(Command, tag="rundown.do", frozen=True, kw_only=True):
    """Do an item: its command is run for whoever sends this, and must be theirs to send."""

    item: Id


class RundownMark(Command, tag="rundown.mark", frozen=True, kw_only=True):
    """Note that an item is done, or is not, without doing it."""

    item: Id
    done: bool


class RundownEvent(Event, tag="rundown", frozen=True, kw_only=True):
    """Told to host and moderators: the rundown changed, read it again. A smaller `ver` is older."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    version: ClassVar[str] = "ver"

    ver: int


class RundownOk(Ok, tag="ok", frozen=True, kw_only=True):
    """Shows the host and moderators what is planned, in order."""

    rundown: list[RundownItem]


class RundownPutOk(Ok, tag="ok", frozen=True, kw_only=True):
    """The id of the item."""

    item: str
