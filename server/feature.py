"""What a feature is: a folder of `server/features` that says here, once, all it consists of."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

from msgspec import Struct

from server.protocol.message import Event
from server.rooms.call import Handlers
from server.rooms.directory import Directory, Founder
from server.rooms.dispatch import Dispatch, Gate
from server.rooms.open_rooms import Visits
from server.rooms.part import Part
from server.rooms.room import Room
from server.rooms.sweeper import Due
from server.settings import Settings
from server.settings.section import Section
from server.store.bus import RoomBus
from server.store.scripts import Scripts
from server.telemetry.metrics import Metrics
from server.web.route import Route


class TakesCommands(Protocol):
    """Anything that takes commands."""

    def handlers(self) -> Handlers:
        """The commands it takes."""


@dataclass(kw_only=True)
class Engine:
    """What a worker hands to every feature. Rooms are open only after all features are made."""

    scripts: Scripts
    settings: Settings
    metrics: Metrics
    directory: Directory
    dispatch: Dispatch
    bus: RoomBus
    worker_id: str
    open_room: Callable[[str], Room | None]
    """A room by its id if it is open on this worker."""
    open_rooms: Callable[[], Iterable[Room]]
    """All rooms open on this worker."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A feature at work in one worker. Whatever it does not have is left out."""

    it: Any = None
    """What features that lean on this one are given."""
    takes: Sequence[TakesCommands] = ()
    routes: Sequence[Route] = ()
    tasks: Sequence[AbstractAsyncContextManager[Any]] = ()
    """Entered in order when the rooms can be opened, left in the opposite order."""
    closes: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited when the worker ends, after the tasks."""
    due: Sequence[Due] = ()
    gates: Sequence[Gate] = ()
    own: Callable[[str, Sequence[str]], Awaitable[Sequence[Mapping[str, Any]]]] | None = None
    """(room, users) -> for each user, fields of `Feature.mine` and `Feature.joined` that no
    `mine.lua` gives."""
    founder: Founder | None = None
    """What it has to do with the making of a room."""
    visits: Visits | None = None
    """Notes who comes and leaves; entered before the rooms can be opened."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """All of a feature. Its name is that of its folder; what it does not have is left out."""

    make: Callable[..., Running] | None = None
    """Called in each worker with the Engine, then `Running.it` of each feature it leans on."""
    leans_on: Sequence[str] = ()
    """Names of features it is given at `make`; they come before it."""
    reads: Sequence[str] = ()
    """Names of other features whose scripts, keys and messages it uses."""
    messages: ModuleType | None = None
    """All commands and events that are defined in this module."""
    settings: Mapping[type[Section], str] = field(default_factory=dict)
    """Its sections, each with its name in the settings; several may share a name."""
    check: Callable[[Settings], None] | None = None
    """Asked before anything serves: reads what its settings name. Raises SettingsError."""
    start_facts: Callable[[Settings], Mapping[str, str]] | None = None
    """What it adds to the line that the log begins with."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of a room that are its own, with what they hold."""
    host_keys: Mapping[str, str] = field(default_factory=dict)
    """The same of a host."""
    part: type[Part] | None = None
    """Its part of a room's copy."""
    load_args: Callable[[Settings, str], Mapping[str, Any]] | None = None
    """(settings, room) -> the arguments of its `load.lua`."""
    staff_values: Callable[[Scripts, str], Awaitable[Sequence[Event]]] | None = None
    """(scripts, room) -> the values that only host and moderators see, which are not in the
    stream."""
    mine: type[Struct] | None = None
    """Fields it adds to `mine` of a join's reply, with defaults."""
    joined: type[Struct] | None = None
    """Fields it adds beside `mine`, with what a guest has there."""
