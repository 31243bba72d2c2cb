"""A whole run: a room, its host, an auditor and many viewers, from their coming to the verdict."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from random import Random

from client_sim import content
from client_sim.answers import Answers
from client_sim.checks import Findings
from client_sim.client import Options, RoomClient
from client_sim.client.errors import RoomError
from client_sim.client.observer import Observer, Observers
from client_sim.client.state import Position
from client_sim.client.wire import Message, Wire
from client_sim.community_reckoning import CommunityReckoning
from client_sim.community_watch import CommunityRecord, CommunityWatch
from client_sim.director import Director
from client_sim.host import Eye, Host
from client_sim.looks import due
from client_sim.market import Market
from client_sim.market_reckoning import MarketReckoning
from client_sim.note_desk import NoteDesk
from client_sim.note_reckoning import NoteReckoning
from client_sim.people import Habits, Person, set_within
from client_sim.reckoning import Reckoning
from client_sim.record import Auditor, Record
from client_sim.rest import Rest
from client_sim.script import Script
from client_sim.tally import Tally
from client_sim.tokens import CannotRun, mint
from client_sim.witness import Witness
from server.protocol.roles import Role

HOST_USER = "demo-host"
HOST_NAME = "小满"
AUDITOR_USER = "sim-auditor"
ENDLESS_S = 120.0  # the rhythm of people in a run without end
FINISH_S_MAX = 15.0  # how long people may take to finish what they are doing
PINGS = 5
SOURCES = ("note", "search", "group", "follow", "reservation", "feed", "share")

_OPTIONS = Options(events_max=0, reply_s_max=10.0, retry_s_max=30.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run. `secret` signs the viewers' tokens; `seconds` 0 means until stopped.

    A room that is live already keeps its own host, unless `take_over`.
    """

    urls: tuple[str, ...]
    room: str
    secret: str
    viewers: int = 300
    seconds: float = 60.0
    wires: tuple[Wire, ...] = (Wire.JSON,)
    seed: int = 1
    host_token: str | None = None
    with_host: bool = True
    take_over: bool = False
    title: str = "小满的慢直播间"
    notes: bool = False  # write those of `content` before, if they are not there
    script: Script | None = None  # what to play instead of the host's own ideas


class _Curfew(Observer):
    """Ends the evening when somebody has ended the room."""

    def __init__(self, over: asyncio.Event) -> None:
        self._over = over

    def event(self, event: Message) -> None:
        """Notice the end."""
        if event["t"] == "phase" and event["phase"] == "ended":
            self._over.set()


class Crowd:
    """Call `run` once; then `findings` and `tally` have the results."""

    def __init__(
        self,
        plan: Plan,
        *listeners: Observer,
        findings: Findings | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.findings = findings or Findings()
        self.tally = tally or Tally()
        self.persons: list[Person] = []
        self.notes: list[str] = []  # what went otherwise than the script says
        self._plan = plan
        self._with_host = plan.with_host
        self._record = Record()
        self._rest: Rest
        self._group_record = Record()
        self._community = CommunityRecord()
        self.market: Market | None = None  # of a run with a script
        self.desk: NoteDesk | None = None  # where the host's notes are written
        self._over = asyncio.Event()
        # These hear all that the auditor hears. A script goes on to its last step.
        self._listeners = listeners if plan.script else (*listeners, _Curfew(self._over))

    def stop(self) -> None:
        """End the evening now; the checks are still made."""
        self._over.set()

    async def play_evening(self) -> Reckoning:
        """Play the whole evening and return its reckoning. Raises CannotRun."""
        plan = self._plan
        auditor = Witness(AUDITOR_USER, self.findings, self._record)
        audits = Observers(
            Auditor(self._record, self.findings, AUDITOR_USER), auditor, *self._listeners
        )
        token = mint(plan.secret, AUDITOR_USER, "auditor", Role.ADMIN)
        boss = plan.host_token or mint(plan.secret, HOST_USER, HOST_NAME, Role.HOST)
        try:
            async with Rest(plan.urls[0], boss) as rest:
                self._rest = rest
                host_user = await self._room(rest)
                async with (
                    self._client(0, token, audits) as client,
                    Rest(plan.urls[0], token) as office,
                ):
                    self.tally.clock_ahead_ms = await clock_ahead_ms(client)
                    self.persons = [self._person(i) for i in range(plan.viewers)]
                    reckoning = Reckoning(
                        self.persons, auditor, client, office, self._record, self.findings
                    )
                    await self._build_market(host_user, office)
                    self._open_desk(host_user)
                    await self._evening(host_user, reckoning, office)
        except RoomError as error:
            raise CannotRun(str(error)) from None
        except ExceptionGroup as errors:
            ours, others = errors.split(RoomError)
            if ours is None or others is not None:
                raise
            raise CannotRun(str(_first(ours))) from None
        return reckoning

    async def _room(self, rest: Rest) -> str:
        """Make sure of the room; its host."""
        room = await rest.room(self._plan.room)
        if room is None:
            await rest.create(self._plan.room, self._plan.title)
            room = await rest.room(self._plan.room)
        if room is None:
            raise CannotRun(f"Room {self._plan.room} was created and is not there.")
        if room["phase"] == "ended":
            raise CannotRun(f"Room {self._plan.room} has ended: name another one with --room.")
        if room["phase"] == "live" and self._plan.with_host and not self._plan.take_over:
            self._leave_hosting_alone()
        host: str = room["host"]
        return host

    def _open_desk(self, host_user: str) -> None:
        """Have the host write notes, if this run has a host."""
        if self._with_host:
            rng = Random(f"{self._plan.seed}:notes")
            self.desk = NoteDesk(self._rest, rng, room=self._plan.room, host=host_user)

    async def _build_market(self, host_user: str, office: Rest) -> None:
        """Make the merchants of the script."""
        script = self._plan.script
        if script is not None:
            self.market = Market(
                script.merchants, office, self._rest, room=self._plan.room, host=host_user
            )
            await self.market.build()

    async def _furnish(self) -> None:
        """Write notes for the first page. The evening goes on without them."""
        try:
            if self.desk is not None:
                await self.desk.furnish(self.persons)
        except CannotRun as error:
            self.notes.append(f"There are no notes: {error}")

    def _leave_hosting_alone(self) -> None:
        """Two hosts would close each other's sales, and the first to go would end the room."""
        room = self._plan.room
        if self._plan.script is not None:
            raise CannotRun(
                f"Room {room} is live already, and a script needs its host: name another room "
                "with --room, or take this one over with --take-over."
            )
        self._with_host = False
        self.notes.append(f"Room {room} was live already: viewers only, as with --no-host.")

    async def _evening(self, host_user: str, reckoning: Reckoning, office: Rest) -> None:
        async with AsyncExitStack() as stage, asyncio.TaskGroup() as people:
            host = None
            if self._with_host:
                host = await stage.enter_async_context(self._host(host_user))
                if isinstance(host, Director):
                    await host.play_day_before()
                elif host is not None and self._plan.notes:
                    await self._furnish()
                people.create_task(self._hosting(host))
            for person in self.persons:
                people.create_task(person.spend_evening())
            await set_within(self._over, self._plan.seconds or None)
            for person in self.persons:
                person.leave()
            if host is not None:
                await host.end(for_good=self._plan.seconds > 0)
            await self._finished()
            await reckoning.make()
            await CommunityReckoning(self._community, self.findings).make(office, self._plan.room)
            if self.market is not None and self.market.merchants:
                await MarketReckoning(
                    self.market, office, self.findings, room=self._plan.room, host=host_user
                ).make(list(reckoning.orders.values()))
            if self.desk is not None and (self.desk.record.written or self.desk.record.drafts):
                notes = NoteReckoning(
                    self.desk.record, self._rest, self.findings,
                    room=self._plan.room, host=host_user,
                )  # fmt: skip
                orders = list(reckoning.orders.values())
                await notes.make(self.persons, orders)
                self.findings.expect(notes.due(len(orders)))
            self._expect_looks(reckoning)
            for person in self.persons:
                person.go_home()

    def _expect_looks(self, reckoning: Reckoning) -> None:
        present = sum(person.room is not None for person in self.persons)
        orders = len(reckoning.orders)
        least = due(self.tally, self._record, self._community, present, orders)
        self.findings.expect(least)
        if self.market is not None and self.market.merchants:
            self.findings.expect({"split_agrees": max(1, orders), "units_kept": 1})

    @asynccontextmanager
    async def _host(self, user: str) -> AsyncIterator[Host | Director]:
        plan = self._plan
        token = plan.host_token or mint(plan.secret, user, HOST_NAME, Role.HOST)
        eye = Eye()
        rng = Random(f"{plan.seed}:host")
        watch = CommunityWatch(user, self.findings, self._community)
        async with self._client(1, token, Observers(eye, watch, self.tally)) as client:
            host: Host | Director
            if plan.script is not None and self.market is not None and self.desk is not None:
                host = Director(
                    client,
                    plan.script,
                    self.persons,
                    rng,
                    enter_room=lambda room: self._client(1, token, self.tally, room=room),
                    open_group=lambda title, admits: self._rest.open_group(user, title, admits),
                    before_start=self._note_who_waits,
                    market=self.market,
                    desk=self.desk,
                )
                self.notes = host.notes
            else:
                host = Host(client, eye, rng, viewers=plan.viewers, seconds=plan.seconds)
            await host.prepare()
            yield host

    def _note_who_waits(self) -> None:
        """Note the people in the fan group alone: the start of the stream must be told to them."""
        self._community.waited |= {
            person.witness.who
            for person in self.persons
            if person.group is not None and person.group.connected and person.room is None
        }

    async def _hosting(self, host: Host | Director) -> None:
        try:
            await host.host_evening()
        except* RoomError as errors:
            self.findings.fail("let_in", "the host", str(_first(errors)))

    async def _finished(self) -> None:
        try:
            async with asyncio.timeout(FINISH_S_MAX):
                for person in self.persons:
                    await person.at_rest.wait()
        except TimeoutError:
            late = sum(not person.at_rest.is_set() for person in self.persons)
            words = f"{late} still waited for the room {FINISH_S_MAX:g} s after the end"
            self.findings.fail("let_in", "viewers", words)

    def _person(self, i: int) -> Person:
        rng = Random(f"{self._plan.seed}:{i}")
        manner = self._plan.script.manner if self._plan.script is not None else None
        habits = Habits.draw(rng, self._plan.seconds or ENDLESS_S, manner)
        user = f"sim-{self._plan.seed}-{i}"
        token = mint(self._plan.secret, user, rng.choice(content.names(habits.language)))
        witness = Witness(user, self.findings, self._record)
        watch = CommunityWatch(user, self.findings, self._community)
        source = {"kind": rng.choice(SOURCES), "id": f"n{rng.randrange(40)}"}

        def enter(last: Position | None, also: Observer) -> AbstractAsyncContextManager[RoomClient]:
            watchers = Observers(witness, watch, self.tally, also)
            return self._client(i, token, watchers, last=last, source=person.source)

        def enter_group(group: str) -> AbstractAsyncContextManager[RoomClient]:
            member = Witness(user, self.findings, self._group_record)
            there = Observers(member, CommunityWatch(user, self.findings, self._community))
            return self._client(
                i, token, Observers(there, self.tally), source={"kind": "group"}, room=group
            )

        person = Person(
            witness,
            habits,
            enter,
            rng,
            enter_group=enter_group,
            at_counter=lambda: Rest(self._plan.urls[0], token),
            source=source,
        )
        return person

    def _client(
        self,
        i: int,
        token: str,
        observer: Observer,
        *,
        last: Position | None = None,
        source: Message | None = None,
        room: str | None = None,
    ) -> RoomClient:
        """A client of the i-th person: people spread over the servers and the encodings."""
        urls, wires = self._plan.urls, self._plan.wires
        first = i % len(urls)
        return RoomClient(
            urls[first:] + urls[:first],
            room or self._plan.room,
            token,
            wire=wires[i // len(urls) % len(wires)],
            last=last,
            source=source,
            observer=Observers(observer, Answers(self.findings)),
            options=_OPTIONS,
            rng=Random(f"{self._plan.seed}:{i}:client"),
        )


def _first(errors: ExceptionGroup[RoomError]) -> Exception:
    """The first error of a group, however deep it lies."""
    error: Exception = errors
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


async def clock_ahead_ms(room: RoomClient) -> float:
    """Return how far the server's clock is ahead of ours, by the quickest of a few pings."""
    found: list[tuple[float, float]] = []
    for _ in range(PINGS):
        start = time.time()
        now = await room.ping()
        end = time.time()
        found.append((end - start, now - (start + end) / 2 * 1000))
    return min(found)[1]
