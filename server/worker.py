"""One worker: makes, starts and stops the engine and the features."""

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Self

from redis.exceptions import RedisError

from server.feature import Engine, Running
from server.house import HOUSE, House, keys_under, store_on
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.forgotten import OldNotes
from server.rooms.awake_rooms import Resting
from server.rooms.data_version import bring_up_to_date
from server.rooms.deleting import Deletes
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.rooms.forgetting import Forgets, Forgetter
from server.rooms.full_lap import FullLap
from server.rooms.open_rooms import OpenRooms, Visits
from server.rooms.own import Own
from server.rooms.restoring import Restorer
from server.rooms.retaining import Retainer
from server.rooms.retention import Removal
from server.rooms.retiring import Retirer, Stays
from server.rooms.room import Room
from server.rooms.stored import RoomReader
from server.rooms.sweeper import Due, Sweeper
from server.settings import Settings
from server.store.bans import Bans
from server.store.cluster_bus import bus_on
from server.store.durability import Durability
from server.store.primary_watch import watch_on
from server.store.sign_outs import SignOuts
from server.telemetry.metrics import Metrics
from server.web.page_heads import HeadOf
from server.web.route import Route, in_scope

_log = logging.getLogger(__name__)


class Worker:
    """The rooms of one worker, without the sockets. An async context manager.

    Inside the context, rooms can be opened and commands run. `start` starts the features' tasks.
    Raises SettingsError when a feature can't be made.
    """

    def __init__(
        self,
        redis: Any,
        settings: Settings,
        *,
        worker_id: str,
        metrics: Metrics,
        random: Random,
        house: House = HOUSE,
    ) -> None:
        self._house = house
        self._settings = settings
        self._worker_id = worker_id
        self._stack = contextlib.AsyncExitStack()
        self.metrics = metrics
        self.store = store_on(
            redis,
            keys_under(settings.redis.key_prefix),
            durability=Durability.parse(settings.redis.durability),
            metrics=metrics,
        )
        self.records = Database(settings, house.migrations)
        self._stack.push_async_callback(self.records.aclose)
        self.sign_outs = SignOuts(redis, self.store.keys)
        self.bans = Bans(self.store)
        self.bus = bus_on(
            redis, self.store.keys, house.shape.bus_decoder, settings.bus, worker_id, metrics
        )
        reader = house.reader(self.store, settings)
        self.directory = Directory(reader, settings)
        self.dispatch = self._make_dispatch()
        self.running = self._make_features()
        """The running features by name."""
        self._take_in(self.running.values())
        house.must_be_pending(self.dues)
        self.visits: list[Visits] = [r.visits for r in self._each() if r.visits is not None]
        self.rooms = self._make_rooms(reader, random)
        restorer = Restorer(self.store, self.records, metrics)
        self.store.restore = restorer.restore
        self._stack.push_async_callback(restorer.aclose)
        self.retirer = self._make_retirer(redis)
        self.retainer = self._make_retainer()
        self.sweeper = Sweeper(
            self.store,
            settings,
            self.dues,
            lambda: [room.room_id for room in self.rooms],
            metrics,
        )

    def _make_dispatch(self) -> Dispatch:
        dispatch = Dispatch(self.directory.host_in, self.directory.is_moderator)
        dispatch.bans = self.bans
        dispatch.scopes = self._house.command_scopes
        return dispatch

    def _make_features(self) -> Mapping[str, Running]:
        """Make every feature, passing it the engine and the features it depends on."""
        engine = self._engine()
        running: dict[str, Running] = {}
        for name, feature in self._house.features.items():
            if feature.make is None:
                running[name] = Running()
            else:
                below = [running[other].it for other in feature.leans_on]
                running[name] = feature.make(engine, *below)
        engine.projections += [p for each in running.values() for p in each.projections]
        return running

    def _engine(self) -> Engine:
        return Engine(
            store=self.store,
            settings=self._settings,
            metrics=self.metrics,
            directory=self.directory,
            dispatch=self.dispatch,
            bus=self.bus,
            facts=self._house.facts,
            lines=self._house.lines,
            view=self._house.shape.view,
            records=self.records,
            sign_outs=self.sign_outs,
            bans=self.bans,
            streams=self._house.streams,
            projections=[],
            worker_id=self._worker_id,
            open_room=self._open_room,
            open_rooms=lambda: self.rooms,
        )

    def _make_rooms(self, reader: RoomReader, random: Random) -> OpenRooms:
        shape = self._house.shape
        own = Own(self.store, shape, [r.own for r in self._each() if r.own is not None])
        return OpenRooms(
            reader,
            self.bus,
            own.parts_for,
            self.dispatch.must_be_let_in,
            self._settings,
            self.metrics,
            random,
            self.visits,
            [r.told for r in self._each() if r.told is not None],
        )

    def _make_retirer(self, redis: Any) -> Retirer:
        return Retirer(
            store_on(
                redis, self.store.keys, durability=self.store.durability, metrics=self.metrics
            ),
            self.records,
            self._settings,
            self._worker_id,
            self._house.pending_args(self._settings),
            [stays for each in self._each() for stays in each.stays],
            next((r.ended_rooms for r in self._each() if r.ended_rooms is not None), None),
            self.metrics,
            forgets=self.forgets,
            shapes=self._house.people,
        )

    def _make_retainer(self) -> Retainer:
        old = OldNotes(self.records)
        return Retainer(
            self.store,
            self.records,
            self._settings,
            self._worker_id,
            self.retirer,
            keeps=self._house.keeps,
            removals=[
                Removal(
                    kind="forgotten",
                    days=self._settings.records.keep_forgotten_days,
                    due=old.count,
                    remove=old.remove,
                ),
                *(removal for each in self._each() for removal in each.removals),
            ],
            rooms=next((r.expired_rooms for r in self._each() if r.expired_rooms), None),
            deletes=self.deletes,
            undeletable=self.undeletable,
            shapes=self._house.people,
        )

    def _open_room(self, room_id: str) -> Room | None:
        return self.rooms.get(room_id)

    def _each(self) -> Iterator[Running]:
        yield from self.running.values()

    def _take_in(self, running: Any) -> None:
        for each in running:
            self.dispatch.gates += each.gates
            if each.founder is not None:
                self.directory.founders.append(each.founder)
            for taker in each.takes:
                self.dispatch.add_handlers(taker.handlers())
        self.dispatch.must_take(self._house.commands)

    @property
    def dues(self) -> Sequence[Due]:
        """The kinds of work that fall due in rooms."""
        return [due for each in self._each() for due in each.due]

    @property
    def deletes(self) -> Sequence[Deletes]:
        """What removes a deleted room from the tables of all features; those that lean on others
        come first, while these still have it."""
        return [deletes for each in reversed([*self._each()]) for deletes in each.deletes]

    @property
    def undeletable(self) -> Sequence[Stays]:
        """What says why a room must not be deleted."""
        return [stays for each in self._each() for stays in each.undeletable]

    @property
    def forgets(self) -> Sequence[Forgets]:
        """What takes people out of the tables of all features."""
        return [forgets for each in self._each() for forgets in each.forgets]

    def forgetter(self) -> Forgetter:
        """Return what takes people out of everything."""

        async def retire(room: str) -> str:
            return (await self.retirer.retire(room, at_once=True)).why

        forgets_user = [forgets for each in self._each() for forgets in each.forgets_user]
        unforgettable = [keeps for each in self._each() for keeps in each.unforgettable]
        return Forgetter(
            self.store, self.records, self._house.people, self.forgets, forgets_user, retire,
            unforgettable,
        )  # fmt: skip

    @property
    def heads(self) -> Mapping[str, HeadOf]:
        """What links to pages show elsewhere, by the page's path."""
        return {path: head for each in self._each() for path, head in each.heads.items()}

    @property
    def routes(self) -> Sequence[Route]:
        """The REST routes of all features."""
        return [
            route
            for name, each in self.running.items()
            for route in in_scope(self._house.scope_name(name), each.routes)
        ]

    async def __aenter__(self) -> Self:
        stack = self._stack
        for each in self._each():
            for close in each.closes:
                stack.push_async_callback(close)
        await stack.enter_async_context(watch_on(self.store.redis))
        await stack.enter_async_context(self.bus)
        await stack.enter_async_context(self.sign_outs)
        await stack.enter_async_context(self.bans)
        for visits in self.visits:
            await stack.enter_async_context(visits)
        await stack.enter_async_context(self.rooms)
        return self

    async def start(self) -> None:
        """Start the repeating tasks; they run until the context ends. Raises DataUnreadable."""
        await self._prepare_data()
        for each in self._each():
            for task in each.tasks:
                await self._stack.enter_async_context(task)
        pending = self._house.pending_args(self._settings)
        for visiting in (
            self.sweeper,
            Resting(self.store, pending),
            FullLap(self.store, self._settings, pending),
            self.retirer,
            self.retainer,
        ):
            await self._stack.enter_async_context(visiting)

    async def _prepare_data(self) -> None:
        """Upgrade older data. The server did so when it started, but not if only its workers are
        restarted, as a new version."""
        try:
            await bring_up_to_date(self.store)
        except (RedisError, OSError, CommandError) as error:
            # A worker starts without Redis too; a full lap finds what the upgrade would have.
            _log.warning("The version of the data in Redis could not be read: %s.", error)

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()
