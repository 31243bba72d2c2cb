"""A feature: a folder of `server/features` that declares all its pieces once, in a `Feature`."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any, Protocol

from msgspec import Struct

from server.protocol.message import Event
from server.protocol.room import RoomView
from server.records.database import Database
from server.records.projection import Projection
from server.rooms.call import Handlers
from server.rooms.deleting import Deletes
from server.rooms.directory import Directory, Founder
from server.rooms.dispatch import Dispatch, Gate
from server.rooms.fact_book import Declared, FactBook
from server.rooms.facts import Fact
from server.rooms.forgetting import Forgets, ForgetsUser, Keeps
from server.rooms.ledger_lines import LedgerLine, LineBook
from server.rooms.open_rooms import Visits
from server.rooms.part import Part
from server.rooms.retelling import Retelling
from server.rooms.retention import ExpiredRooms, Keeping, Removal
from server.rooms.retiring import Ended, Stays
from server.rooms.room import Room
from server.rooms.sweeper import Due
from server.rooms.tally import Tally
from server.settings import Settings
from server.settings.section import Section
from server.store.bans import Bans
from server.store.bus import RoomBus
from server.store.room_store import RoomStore
from server.store.sign_outs import SignOuts
from server.telemetry.metrics import Metrics
from server.web.opened import Opened
from server.web.page_heads import HeadOf
from server.web.route import Route


class TakesCommands(Protocol):
    """An object that handles commands."""

    def handlers(self) -> Handlers:
        """The handlers of its commands."""


class BadFeature(Exception):
    """A feature's declaration is wrong; the text names the feature, the piece and the remedy."""


@dataclass(kw_only=True)
class Engine:
    """The parts of a worker that every feature is given. Rooms open only after all features are
    made."""

    store: RoomStore
    settings: Settings
    metrics: Metrics
    directory: Directory
    dispatch: Dispatch
    bus: RoomBus
    facts: FactBook
    """The facts of all features, and what they add to the figures."""
    lines: LineBook
    """The lines that all features write to ledgers."""
    view: type[RoomView]
    """The type of a whole room, with the fields of all features."""
    records: Database
    sign_outs: SignOuts
    bans: Bans
    streams: Sequence[str]
    """The names of a room's keys that the archive copies."""
    projections: list[Projection]
    """What features keep up to date from the archive; whole once all are made."""
    worker_id: str
    open_room: Callable[[str], Room | None]
    """Returns a room by its id if it is open on this worker."""
    open_rooms: Callable[[], Iterable[Room]]
    """The rooms that are open on this worker."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A feature at work in one worker. A feature sets only the fields it needs."""

    it: Any = None
    """The object that dependent features receive in their `make`."""
    takes: Sequence[TakesCommands] = ()
    routes: Sequence[Route] = ()
    tasks: Sequence[AbstractAsyncContextManager[Any]] = ()
    """Context managers: entered in order once rooms can be opened, left in reverse order."""
    closes: Sequence[Callable[[], Awaitable[None]]] = ()
    """Awaited when the worker stops, after its tasks have ended."""
    due: Sequence[Due] = ()
    gates: Sequence[Gate] = ()
    own: Callable[[str, Sequence[str]], Awaitable[Sequence[Mapping[str, Any]]]] | None = None
    """(room, users) -> for each user, fields of `Feature.mine` and `Feature.joined` that no
    `mine.lua` gives."""
    told: Callable[[str, str, Event], None] | None = None
    """Hears (room, user, event) whatever is told to one user who is here, at once: it must be quick
    and not raise."""
    projections: Sequence[Projection] = ()
    """What it keeps in the records from what the archive copies."""
    stays: Sequence[Stays] = ()
    """Say why a room must not leave Redis yet, though nothing is pending in it.

    What the feature has left to do there says its `pending.lua`, which is asked first: one reading,
    while nobody can change the room. Here stands what no script of the room can read, such as the
    records or who is connected, and what takes too long for a script, such as the audit."""
    forgets: Sequence[Forgets] = ()
    """Put pseudonyms in the place of people in what its tables hold of rooms."""
    forgets_user: Sequence[ForgetsUser] = ()
    """Remove what its tables hold of a user apart from rooms."""
    unforgettable: Sequence[Keeps] = ()
    """Say of what a user is still a part and can't be forgotten yet."""
    deletes: Sequence[Deletes] = ()
    """Remove what its tables hold of a room that is deleted."""
    undeletable: Sequence[Stays] = ()
    """Say why a room must not be deleted, though it has ended. The store wakes rooms."""
    ended_rooms: Ended | None = None
    """Finds rooms in the records that ended; one feature has it."""
    expired_rooms: ExpiredRooms | None = None
    """Finds rooms whose records are over their time; the same feature has it."""
    removals: Sequence[Removal] = ()
    """Kinds of records that it keeps for a while and removes itself."""
    founder: Founder | None = None
    """Its steps in creating a room."""
    heads: Mapping[str, HeadOf] = field(default_factory=dict)
    """What links to pages show elsewhere, by the page's path with its one id, such as
    `/watch/{room}`."""
    visits: Visits | None = None
    """Records arrivals and departures; entered before rooms can be opened."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """The declaration of a feature, named after its folder. It sets only the fields it needs."""

    make: Callable[..., Running] | None = None
    """Called in each worker with the Engine, then with `Running.it` of each in `leans_on`."""
    leans_on: Sequence[str] = ()
    """Names of the features that `make` receives; the house makes these first."""
    reads: Sequence[str] = ()
    """Names of further features whose scripts, keys and messages it uses."""
    scope: str = ""
    """The thing in the names of its scopes, such as `orders` in `orders:read`: what it adds to is
    often another's. Empty: its folder's name."""
    messages: ModuleType | None = None
    """The module that defines its commands and events."""
    facts: ModuleType | None = None
    """The module that defines the facts its scripts record, what they add to the figures (`Tally`),
    and how a replay tells them (`Fact.shown`, `Retelling`)."""
    ledger_lines: ModuleType | None = None
    """The module that defines the lines its scripts write to the ledger, as others are told."""
    settings: Mapping[type[Section], str] = field(default_factory=dict)
    """Its settings classes, each with its section's name; several may share a section."""
    check: Callable[[Settings], None] | None = None
    """Called before serving: reads the files its settings name. Raises SettingsError."""
    opened: Callable[[Settings], Opened] | None = None
    """What browsers are allowed on the pages for its sake."""
    start_facts: Callable[[Settings], Mapping[str, str]] | None = None
    """The facts it adds to the first line of the log."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Its own Redis keys in a room, each with a description of the content."""
    host_keys: Mapping[str, str] = field(default_factory=dict)
    """Its own Redis keys of a host, likewise."""
    shared_keys: Mapping[str, str] = field(default_factory=dict)
    """Its own Redis keys that all rooms share, likewise."""
    people: Mapping[str, str] = field(default_factory=dict)
    """Those of its `keys` and `host_keys` that name users in fields or members, with the shape of
    such a text, see `rooms.pseudonyms`."""
    keeps: Sequence[Keeping] = ()
    """How long kinds of records that rooms hold are kept, and what they are, see
    `rooms.retention`."""
    archived: Sequence[str] = ()
    """Those of its `keys` that are streams which the archive copies."""
    part: type[Part] | None = None
    """Its part of the copy that a worker keeps of a room."""
    load_args: Callable[[Settings, str], Mapping[str, Any]] | None = None
    """(settings, room) -> the arguments of its `load.lua`."""
    pending_args: Callable[[Settings], Mapping[str, Any]] | None = None
    """(settings) -> the arguments of its `pending.lua`, which says whether something in a room is
    due, now or later. While nothing is, no worker visits the room; a script that declares one of
    the keys of that file wakes it."""
    staff_values: Callable[[RoomStore, str], Awaitable[Sequence[Event]]] | None = None
    """(store, room) -> the values for host and moderators only, which the event stream lacks."""
    mine: type[Struct] | None = None
    """Fields it adds to `mine` in the reply to a join, with defaults."""
    joined: type[Struct] | None = None
    """Fields it adds beside `mine`, with the values that a guest gets."""


def defined_in(module: ModuleType | None, base: type[Any]) -> list[type[Any]]:
    """The subclasses of `base` that the module itself defines, in source order."""
    if module is None:
        return []
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, base) and kind.__module__ == module.__name__
    ]


def in_order(found: Mapping[str, Feature]) -> dict[str, Feature]:
    """The features, each after those it leans on or reads. Raises BadFeature."""
    below = {name: {*feature.leans_on, *feature.reads} for name, feature in sorted(found.items())}
    for name, others in below.items():
        for other in sorted(others - set(found)):
            raise BadFeature(f"The feature {name} leans on {other}, and there is no such folder.")
    sorter = TopologicalSorter(below)
    ordered: list[str] = []
    try:
        sorter.prepare()
        while sorter:  # sort ready features by name, so every process gets the same order
            ready = sorted(sorter.get_ready())
            ordered += ready
            sorter.done(*ready)
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise BadFeature(f"Features lean on each other in a circle: {circle}.") from None
    return {name: found[name] for name in ordered}


def facts_of(features: Mapping[str, Feature]) -> FactBook:
    """All that the features declare of their facts, in their order. Raises ValueError."""
    return FactBook(
        Declared(
            name,
            defined_in(feature.facts, Fact),
            defined_in(feature.facts, Tally),
            defined_in(feature.facts, Retelling),
        )
        for name, feature in features.items()
    )


def lines_of(features: Mapping[str, Feature]) -> LineBook:
    """All lines of the ledger that the features declare. Raises ValueError."""
    return LineBook(
        (name, defined_in(feature.ledger_lines, LedgerLine)) for name, feature in features.items()
    )
