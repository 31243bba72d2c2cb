"""The types of a room with all features' fields: as stored, as kept in memory, as shown."""

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
from msgspec import NODEFAULT, Struct

from server.protocol.joining import Joined, Mine
from server.protocol.message import Event
from server.protocol.room import Kind, Phase, RoomView
from server.rooms.part import Part
from server.store.bus import BusMessage, Say


class RoomFields(Struct):
    """The fields of a room's hash in Redis that belong to no feature."""

    room: str
    title: str
    host: str
    host_name: str
    phase: Phase
    created: int
    epoch: str
    seq: int
    sub: int
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    stream_url: str = ""
    embed_url: str = ""
    kind: Kind = "stream"
    cover: str = ""
    draft: int = 0
    practice: int = 0
    time_zone: str = ""
    comments: int = 0
    """The number of counted events so far."""


class LoadedRoom(Struct):
    """The result of `room_load`: a whole room at one instant. Features add their parts."""

    fields: Any
    now: int
    moderators: list[str] = []
    """Users whom the host made moderators of this room, independent of their tokens."""


class StreamPage(Struct, kw_only=True):
    """The result of `room_events`: events after a position, and the end of the stream."""

    events: list[Say[Any]]
    gap: bool
    epoch: str
    seq: int
    sub: int
    here: Any = None
    """The event at the position asked for; None if there is none."""
    trimmed: bool = False
    """Whether there may have been one that is kept no longer."""


class RoomSettings(Event, tag="room", frozen=True, kw_only=True, omit_defaults=True):
    """The room's own settings changed: all of them as they are now. Features add each its own.

    A worker of a version before, which may run beside, tells none of these fields: then `title` is
    empty, which no room's is, and they stay as they were. So does an empty `time_zone`: no zone is
    ever taken away, and a version between knew none.
    """

    title: str = ""
    scheduled: int = 0
    stream_url: str = ""
    embed_url: str = ""
    cover: str = ""
    draft: bool = False
    time_zone: str = ""


OWN_TOLD: Final = tuple(
    field.name
    for field in msgspec.structs.fields(RoomSettings)
    if field.name not in {own.name for own in msgspec.structs.fields(Event)}
)
"""The fields of the `room` event that belong to no feature."""


class RoomShape:
    """Folds the features' parts and events into types.

    Raises ValueError, naming both, if two declare the same name. `events` is the union of all
    events that can come over the bus, except RoomSettings.
    """

    def __init__(
        self,
        events: Any,
        parts: Sequence[type[Part]],
        mine: Sequence[type[Struct]] = (),
        joined: Sequence[type[Struct]] = (),
    ) -> None:
        self.parts = tuple(parts)
        self._make_reply(mine, joined)
        self._make_room(events, parts)
        self.loaded_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(self.loaded)
        self.bus_decoder: msgspec.msgpack.Decoder[BusMessage[Any]] = msgspec.msgpack.Decoder(
            _of(BusMessage, self.events)
        )
        says = ("events", _of(list, _of(Say, self.events)))
        here = ("here", self.events | None, None)
        page = _struct("StreamPage", [says, here], bases=(StreamPage,), kw_only=True)
        self.page_decoder: msgspec.msgpack.Decoder[StreamPage] = msgspec.msgpack.Decoder(page)

    def _make_reply(self, mine: Sequence[type[Struct]], joined: Sequence[type[Struct]]) -> None:
        """Make the types of the reply to a join."""
        self.mine: type[Mine] = _struct(
            "Mine",
            list(_fields(mine)),
            bases=(Mine,),
            frozen=True,
            omit_defaults=True,
            namespace={"__doc__": "What a joining viewer has done here before."},
        )
        self.mine_decoder: msgspec.msgpack.Decoder[list[Mine]] = msgspec.msgpack.Decoder(
            _of(list, self.mine)
        )
        self.nobody: dict[str, Any] = {
            name: value for kind in joined for name, value in msgspec.structs.asdict(kind()).items()
        }
        """The fields beside `mine` in the reply to a user without earlier actions."""
        self.joined: type[Joined] = _message(
            "Joined", Joined, "ok", [(name, kind) for name, kind, _ in _fields(joined)]
        )

    def _make_room(self, events: Any, parts: Sequence[type[Part]]) -> None:
        """Make the types that a room is read, kept and shown in."""
        told = list(_fields_of(parts, "Told"))
        own = [f for f in msgspec.structs.fields(RoomSettings) if f.name in OWN_TOLD]
        self.told = {f.name: f.type for f in own} | {name: kind for name, kind, _ in told}
        """The fields of the `room` event and their types."""
        self.room_settings: type[RoomSettings] = _message("RoomEvent", RoomSettings, "room", told)
        self.events: Any = events | self.room_settings
        self.fields: type[Any] = _struct(
            "RoomFields", list(_fields_of(parts, "Fields")), bases=(RoomFields,)
        )
        self.loaded: type[Any] = _struct(
            "LoadedRoom",
            [("fields", self.fields), *_fields_of(parts, "Loaded")],
            bases=(LoadedRoom,),
            kw_only=True,
        )
        self.view: type[RoomView] = _struct(
            "RoomView",
            list(_fields_of(parts, "View")),
            bases=(RoomView,),
            omit_defaults=True,
            namespace={"__doc__": "A room as everybody may see it: what a snapshot holds."},
        )

        stored = {field.name for field in msgspec.structs.fields(self.fields)}
        shown = [f.name for f in msgspec.structs.fields(self.view) if f.name in stored]
        self._shown = (shown, attrgetter(*shown))

    def shown(self, fields: Any) -> dict[str, Any]:
        """Return the fields of the room's hash that a snapshot shows, as they are."""
        names, read = self._shown
        return dict(zip(names, read(fields), strict=True))

    def lua(self) -> dict[str, str]:
        """Return Lua constants by name: the text fields, and the fields of the `room` event."""
        texts = [f.name for f in msgspec.structs.fields(self.fields) if _is_text(f.type)]
        told = [
            f"{name} = {'true' if kind is bool else repr(kind.__name__)}"
            for name, kind in self.told.items()
        ]
        return {
            "TEXT_FIELDS": f"local TEXT_FIELDS = {{ {' = true, '.join(texts)} = true }}\n",
            "TOLD_FIELDS": f"local TOLD_FIELDS = {{ {', '.join(told)} }}\n",
        }


def _is_text(kind: Any) -> bool:
    return kind not in (int, bool, float)


def _fields_of(parts: Sequence[type[Part]], what: str) -> Iterator[tuple[str, Any, Any]]:
    return _fields([getattr(part, what) for part in parts])


def _fields(kinds: Sequence[type[Struct]]) -> Iterator[tuple[str, Any, Any]]:
    owner: dict[str, type[Struct]] = {}
    for kind in kinds:
        for field in msgspec.structs.fields(kind):
            if field.name in owner:
                raise ValueError(
                    f"{_called(kind)} and {_called(owner[field.name])} both have "
                    f"`{field.name}`; all features share one flat space, so rename one."
                )
            owner[field.name] = kind
            yield field.name, field.type, _default_of(field)


def _struct(*args: Any, **options: Any) -> Any:
    """Call `msgspec.defstruct`; typed Any, since mypy can't know the result."""
    return msgspec.defstruct(*args, **options)


def _message(name: str, base: type[Struct], tag: str, fields: Sequence[Any]) -> Any:
    """A message of the wire, with these fields besides those of `base`."""
    return _struct(
        name,
        fields,
        bases=(base,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        tag=tag,
        tag_field="t",
        namespace={"__doc__": base.__doc__},
    )


def _of(generic: Any, argument: Any) -> Any:
    """Return `generic[argument]` for an argument that is known only at run time."""
    return generic[argument]


def _called(kind: type[Struct]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    if field.default is not NODEFAULT:
        return msgspec.field(default=field.default)
    return msgspec.field()
