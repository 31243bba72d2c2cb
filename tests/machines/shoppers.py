"""People who buy and pay without a pause, as a process on their machine, and tell all answers.

    python -m tests.machines.shoppers '{"url": "http://…", "room": "r1", "secret": "…", …}'

Prints JSON lines: {"did": "ok", "op", "user", "key"?, "order", "status", "sent", "at"}, with Unix
seconds, and {"did": "no", "op", "user", "key"?, "code", "msg", "at"?}. When the input ends they
stop, client_sim lays their stories side by side, and the last line is {"did": "verdict", ...}.
"""

import asyncio
import contextlib
import json
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from client_sim.answers import Answers
from client_sim.checks import Findings
from client_sim.client import LEFT, Options, RoomClient
from client_sim.client.errors import CommandRefused, RoomError, Unanswered
from client_sim.client.observer import Observer, Observers
from client_sim.client.wire import Message
from client_sim.reckoning import Reckoning
from client_sim.record import Auditor, Record
from client_sim.rest import Rest
from client_sim.tokens import mint
from client_sim.witness import Witness
from server.protocol.roles import Role

PATIENT = Options(
    events_max=0, join_s_max=8, reply_s_max=8, retry_s_max=120, backoff_s_min=0.2, backoff_s_max=1.0
)
"""A partition may be long: they ask until they are answered."""
MUG: Message = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
RARE = MUG | {"sku": "rare", "title": "Rare mug"}
STOCK, RARE_STOCK = 100_000, 60
PER_USER = 1000
BETWEEN_S = (0.05, 0.3)
CANCELS, WANTS_RARE, TALKS = 0.15, 0.2, 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """Where they shop, and how many they are."""

    url: str
    room: str
    secret: str
    people: int
    seed: int


def tell(**line: Any) -> None:
    """Print a line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class OrdersAnswered(Answers):
    """Orders must be answered at last; what is said once may come to nothing when a link breaks."""

    def failed(self, op: str, error: RoomError) -> None:
        """Note a command about an order that came to nothing."""
        if op != "comment":
            super().failed(op, error)


class Teller(Observer):
    """Tells each command that one person sends, and its answer; also a connection that is lost."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._sent: dict[str, float] = {}

    def answered(self, command: Message, reply: Message, took_s: float) -> None:
        """Tell an answer: what is asked again has another `ref`, and the same key."""
        told = {"op": command["op"], "user": self._user}
        if "key" in command:
            told["key"] = command["key"]
        if reply["t"] == "err":
            tell(did="no", code=reply["code"], msg=reply["msg"], at=time.time(), **told)
        elif "order" in reply:
            now, order = time.time(), reply["order"]
            known = {"order": order["order"], "status": order["status"]}
            tell(did="ok", sent=now - took_s, at=now, **known, **told)

    def unanswered(self, command: Message) -> None:
        """Tell that the outcome is unknown."""
        key = {"key": command["key"]} if "key" in command else {}
        tell(did="no", code="unanswered", msg="", op=command["op"], user=self._user, **key)

    def lost(self, code: int, reason: str) -> None:
        """Tell that a connection ended."""
        if reason != LEFT:
            tell(did="no", code="lost", msg="", op="join", user=self._user)


class Shopper:
    """One person; `room` is their client while they are here."""

    def __init__(self, plan: Plan, n: int, record: Record, findings: Findings) -> None:
        self.user = f"s{plan.seed}-{n}"
        self.witness = Witness(self.user, findings, record)
        self._chance = random.Random(f"{plan.seed}:{n}")
        watchers = Observers(self.witness, OrdersAnswered(findings), Teller(self.user))
        token = mint(plan.secret, self.user, self.user)
        self.room = RoomClient(plan.url, plan.room, token, observer=watchers, options=PATIENT)

    async def shop(self, sales: tuple[str, str], over: asyncio.Event) -> None:
        """Buy, and pay or cancel, until it is over."""
        usual, rare = sales
        while not over.is_set():
            await asyncio.sleep(self._chance.uniform(*BETWEEN_S))
            sale = rare if self._chance.random() < WANTS_RARE else usual
            try:
                order = await self.room.buy(sale)
                does = self.room.cancel if self._chance.random() < CANCELS else self.room.pay
                await does(order["order"])
                if self._chance.random() < TALKS:
                    await self.room.comment("好看")
            except CommandRefused as refused:
                if refused.code == "sold_out":
                    rare = usual
            except Unanswered:
                continue  # their witness and the teller know


async def speak(host: RoomClient, over: asyncio.Event) -> None:
    """The host shows notices, which reach everybody or are missed by somebody."""
    for n in range(1_000_000):
        if over.is_set():
            return
        with contextlib.suppress(CommandRefused, RoomError, Unanswered):
            await host.notice(f"Notice {n}")
        await asyncio.sleep(0.5)


async def open_room(host: RoomClient) -> tuple[str, str]:
    """Go live and sell plenty of one thing, a little of another; the two sales."""
    await host.live_start()
    sales = []
    for product, stock in ((MUG, STOCK), (RARE, RARE_STOCK)):
        await host.shelf_put(product)
        sale = await host.sale_open(product["sku"], 90, stock, per_user=PER_USER, hold_s=3000)
        sales.append(sale["sale"])
    usual, rare = sales
    return usual, rare


async def play(plan: Plan) -> None:
    """The whole story of a room."""
    findings, record = Findings(), Record()
    auditor = Witness("auditor", findings, record)
    boss = mint(plan.secret, "host", "Host", Role.HOST)
    admin = mint(plan.secret, "auditor", "auditor", Role.ADMIN)
    async with Rest(plan.url, boss) as rest:
        await rest.create(plan.room, "Partitioned")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        host = await enter(RoomClient(plan.url, plan.room, boss, options=PATIENT))
        sales = await open_room(host)
        audits = Observers(Auditor(record, findings, "auditor"), auditor)
        client = await enter(
            RoomClient(plan.url, plan.room, admin, observer=audits, options=PATIENT)
        )
        office = await enter(Rest(plan.url, admin))
        shoppers = [Shopper(plan, n, record, findings) for n in range(plan.people)]
        for shopper in shoppers:
            await enter(shopper.room)
        tell(did="opened", users=[shopper.user for shopper in shoppers])
        over = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin, over.set)
        async with asyncio.TaskGroup() as group:
            group.create_task(speak(host, over))
            for shopper in shoppers:
                group.create_task(shopper.shop(sales, over))
        reckoning = Reckoning(shoppers, auditor, client, office, record, findings)
        await reckoning.make()
        tell(
            did="verdict",
            looked=findings.looked,
            failed=findings.failed,
            sentences=findings.sentences,
        )


if __name__ == "__main__":
    asyncio.run(play(Plan(**json.loads(sys.argv[1]))))
