"""The declaration of a feature: each folder of `server/features` describes itself with it, once."""

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
    """The objects that a worker passes to every feature. Rooms open only after all are made."""

    scripts: Scripts
    settings: Settings
    metrics: Metrics
    directory: Directory
    dispatch: Dispatch
    bus: RoomBus
    worker_id: str
    open_room: Callable[[str], Room | None]
    """Returns a room by its id if it is open on this worker."""
    open_rooms: Callable[[], Iterable[Room]]
    """The rooms that are open on this worker."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running feature in one worker. Fields that it does not need keep their defaults."""

    it: Any = None
    """The object passed to features that lean on this one."""
    takes: Sequence[TakesCommands] = ()
    routes: Sequence[Route] = ()
    tasks: Sequence[AbstractAsyncContextManager[Any]] = ()
    """Contexts entered in order once rooms can be opened, left in the opposite order."""
    closes: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited when the worker ends, after the tasks."""
    due: Sequence[Due] = ()
    gates: Sequence[Gate] = ()
    own: Callable[[str, Sequence[str]], Awaitable[Sequence[Mapping[str, Any]]]] | None = None
    """(room, users) -> for each user, fields of `Feature.mine` and `Feature.joined` that no
    `mine.lua` gives."""
    founder: Founder | None = None
    """Its share in creating a room."""
    visits: Visits | None = None
    """Records who enters and leaves rooms; its context is entered before rooms can be opened."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """The whole of a feature. Its name is its folder's; parts that it lacks are left out."""

    make: Callable[..., Running] | None = None
    """Called in each worker with the Engine, then `Running.it` of each feature in `leans_on`."""
    leans_on: Sequence[str] = ()
    """Names of the features that are passed to `make`; these are made first."""
    reads: Sequence[str] = ()
    """Names of further features whose scripts, keys and messages it uses."""
    messages: ModuleType | None = None
    """The module that defines its commands and events."""
    settings: Mapping[type[Section], str] = field(default_factory=dict)
    """Its settings classes, each with its section's name; several may share a section."""
    check: Callable[[Settings], None] | None = None
    """Called before anything serves: reads files that its settings name. Raises SettingsError."""
    start_facts: Callable[[Settings], Mapping[str, str]] | None = None
    """The facts that it adds to the first line of the log."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Its own keys of a room, with a description of their values."""
    host_keys: Mapping[str, str] = field(default_factory=dict)
    """Its own keys of a host, with a description of their values."""
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
