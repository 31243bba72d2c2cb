"""Finds the features, puts them in order, and combines their declarations.

No file lists the features: each folder of `server/features` that has a FEATURE is one. If two
declarations contradict each other, the start fails with a sentence that names the faulty piece.
"""

import contextlib
import functools
import operator
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from server import features
from server.feature import BadFeature, Feature, defined_in, facts_of, in_order, lines_of
from server.protocol.codec import CommandReader, Encoding
from server.protocol.input import strict_in, tolerant_in
from server.protocol.joining import Join, Ping
from server.protocol.message import ByeEvent, Command, Event, GapEvent, Ok, Pong, RoleEvent
from server.records.database import Database
from server.rooms.retention import must_keep_money_longest
from server.rooms.shape import RoomShape
from server.rooms.stored import RoomReader
from server.rooms.sweeper import Due
from server.settings import Settings as EngineSettings
from server.settings import SettingsError, load
from server.store.durability import FSYNC, Durability
from server.store.keys import HOST_KEYS, ROOM_KEYS, ROOM_STREAMS, SHARED_KEYS, Keys
from server.store.room_store import RoomStore
from server.store.script_library import ALL, HOST, ROOM, Library
from server.telemetry.metrics import Metrics
from server.web.opened import Opened
from server.web.route import scope_of


class House:
    """All features, ordered so that each follows the features it depends on."""

    def __init__(self, found: Mapping[str, Feature]) -> None:
        self.features: dict[str, Feature] = in_order(found)
        self.commands: tuple[type[Command], ...] = (Join, Ping, *self._kinds(Command))
        self.replies: tuple[type[Ok], ...] = (Ok, Pong, *self._replies())
        self.events: tuple[type[Event], ...] = (RoleEvent, *self._kinds(Event))
        self.room_keys = self._merged("keys", ROOM_KEYS)
        self.host_keys = self._merged("host_keys", HOST_KEYS)
        self.shared_keys = self._merged("shared_keys", SHARED_KEYS)
        with _faults_as_bad_features():
            self.shape = self._shape()
            self.library = self._library()
            self.facts = facts_of(self.features)
            self.facts.must_be_recorded_by(self.library.files)
            self.lines = lines_of(self.features)
        self.scopes = self._scopes()
        """What a server's token may be for."""
        self.command_scopes = self._command_scopes()
        """The scope that a server's token needs for each command."""
        self.told: tuple[type[Event], ...] = (
            *self.events,
            self.shape.room_settings,
            GapEvent,
            ByeEvent,
        )
        """Every event that a client can receive."""
        self.streams = (*ROOM_STREAMS, *(key for f in self.features.values() for key in f.archived))
        """The names of a room's keys that the archive copies."""
        self.people = {"moderators": "<user>"} | {
            key: shape for f in self.features.values() for key, shape in f.people.items()
        }
        """Where users stand in the names of fields and in members, see `rooms.pseudonyms`."""
        self.keeps = [each for f in self.features.values() for each in f.keeps]
        """The kinds of records of rooms that are kept for a while."""
        self.migrations = [Path(features.__path__[0]) / name / "migrations" for name in found]
        """The folders with the upgrades of the features' tables; not every one exists."""
        self._must_fit_their_readers()
        self.readers = {encoding: CommandReader(encoding, self.commands) for encoding in Encoding}
        self.settings_model: type[EngineSettings] = EngineSettings.with_sections(
            [(name, kind) for f in self.features.values() for kind, name in f.settings.items()]
        )

    def _shape(self) -> RoomShape:
        every = self.features.values()
        return RoomShape(
            functools.reduce(operator.or_, self.events),
            [f.part for f in every if f.part is not None],
            [f.mine for f in every if f.mine is not None],
            [f.joined for f in every if f.joined is not None],
        )

    def _library(self) -> Library:
        return Library(
            files("server.store") / "scripts",
            {name: files(f"{features.__name__}.{name}") for name in self.features},
            {ROOM: self.room_keys, HOST: self.host_keys, ALL: self.shared_keys},
            self.shape.lua(),
        )

    def _scopes(self) -> frozenset[str]:
        return frozenset(
            scope_of(name, reads=reads)
            for name in ("rooms", "ops", *map(self.scope_name, self.features))
            for reads in (True, False)
        )

    def _command_scopes(self) -> dict[type[Command], str]:
        return {
            kind: scope_of(self.scope_name(name), reads=kind.reads)
            for name, feature in self.features.items()
            for kind in defined_in(feature.messages, Command)
        }

    def scope_name(self, feature: str) -> str:
        """The thing that a feature's scopes are about."""
        return self.features[feature].scope or feature

    def _kinds(self, base: type[Any]) -> Iterator[type[Any]]:
        """Yield the commands or events that the features define; each tag must be unique."""
        owner: dict[str, str] = {}
        for name, feature in self.features.items():
            for kind in defined_in(feature.messages, base):
                tag = str(kind.__struct_config__.tag)
                if tag in owner:
                    raise BadFeature(
                        f"The features {owner[tag]} and {name} both say `{tag}`; rename one."
                    )
                owner[tag] = name
                yield kind

    def _must_fit_their_readers(self) -> None:
        """Commands refuse fields they don't know; what clients and other workers read does not."""
        for kind in self.commands:
            if ignoring := tolerant_in(kind):
                raise BadFeature(
                    f"`{kind.__struct_config__.tag}` ignores unknown fields in {ignoring[0]}; "
                    "derive it from Input, or from what it is with forbid_unknown_fields=True."
                )
        for kind in (*self.told, *self.replies, self.shape.loaded, self.shape.joined):
            if refusing := strict_in(kind):
                raise BadFeature(
                    f"{kind.__name__} is read by others, but {refusing[0]} in it refuses unknown "
                    "fields; use a type without forbid_unknown_fields there."
                )

    def _replies(self) -> Iterator[type[Ok]]:
        for feature in self.features.values():
            yield from defined_in(feature.messages, Ok)

    def _merged(self, what: str, engine: Mapping[str, str]) -> dict[str, str]:
        merged, owner = dict(engine), dict.fromkeys(engine, "the engine")
        for name, feature in self.features.items():
            for key, meaning in getattr(feature, what).items():
                if key in owner:
                    raise BadFeature(
                        f"The key `{key}` belongs to {owner[key]} and to {name}; rename one."
                    )
                merged[key], owner[key] = meaning, name
        return merged

    def check(self, settings: EngineSettings) -> None:
        """Let each feature read the files its settings name. Raises SettingsError."""
        for feature in self.features.values():
            if feature.check is not None:
                feature.check(settings)
        if mistake := must_keep_money_longest(self.keeps, settings):
            raise SettingsError(mistake)

    def opened(self, settings: EngineSettings) -> Opened:
        """Return what browsers are allowed on the pages for the features' sake."""
        return Opened.together(
            feature.opened(settings)
            for feature in self.features.values()
            if feature.opened is not None
        )

    def start_facts(self, settings: EngineSettings) -> dict[str, str]:
        """The facts that features add to the first line of the log."""
        facts: dict[str, str] = {}
        for feature in self.features.values():
            if feature.start_facts is not None:
                facts |= feature.start_facts(settings)
        return facts

    def pending_args(self, settings: EngineSettings) -> dict[str, Any]:
        """Return what the features' parts of `room_rest` are told of the settings."""
        args: dict[str, Any] = {}
        for feature in self.features.values():
            if feature.pending_args is not None:
                args |= feature.pending_args(settings)
        return args

    def must_be_pending(self, dues: Iterable[Due]) -> None:
        """Refuse due work that no `pending.lua` looks for: rooms would sleep over it."""
        for due in dues:
            if due.key not in self.library.pending_keys:
                raise BadFeature(
                    f"Work falls due in `{due.key}`, but no pending.lua declares that key; "
                    "write one in the folder of the feature that owns it."
                )

    def reader(self, store: RoomStore, settings: EngineSettings) -> RoomReader:
        """A reader of rooms that loads the parts of all features."""
        features = self.features.values()
        return RoomReader(
            store,
            self.shape,
            [functools.partial(f.load_args, settings) for f in features if f.load_args],
            [functools.partial(f.staff_values, store) for f in features if f.staff_values],
        )


@contextlib.contextmanager
def _faults_as_bad_features() -> Iterator[None]:
    """Let what the engine refuses of a declaration end the start as a fault of a feature."""
    try:
        yield
    except ValueError as error:
        raise BadFeature(str(error)) from None


HOUSE = House(features.find())
"""The house of this process. Made at import: decoding needs all message types beforehand."""

Settings = HOUSE.settings_model


def load_settings(
    config: Path | None = None, flags: Mapping[str, Any] | None = None
) -> EngineSettings:
    """Read the effective settings of the whole house; see `settings.load`. Raises SettingsError."""
    return load(HOUSE.settings_model, config, flags)


def keys_under(prefix: str) -> Keys:
    """The names of all Redis keys under a prefix."""
    return Keys(prefix, HOUSE.room_keys, HOUSE.host_keys, HOUSE.shared_keys)


def records_of(settings: EngineSettings) -> Database:
    """Return the records of an installation, with the tables of all features.

    Raises RecordsUnusable."""
    return Database(settings, HOUSE.migrations)


def store_on(
    redis: Any, keys: Keys, *, durability: Durability = FSYNC, metrics: Metrics | None = None
) -> RoomStore:
    """Make the runner of all scripts on a Redis."""
    return RoomStore(redis, keys, HOUSE.library.scripts, durability=durability, metrics=metrics)
