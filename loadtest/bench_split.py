"""`python -m loadtest bench-split`: a million order lines shared, released, paid out and audited.

It looks inside the server: ledgers are made here and folded as the archive folds them, without a
room. Each line is of one of 200 merchants; one order in twenty has a coupon, one in ten comes back
in part."""

import argparse
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import uvloop
from msgspec import msgpack
from sqlalchemy import func, insert, select

from loadtest.bench_engine import cpu_s
from loadtest.record_engines import record_engines
from server.features.accounts.audit import audit_accounts, audit_journal
from server.features.accounts.payout_ports import SandboxPort
from server.features.accounts.payouts import AT_ONCE, Payouts
from server.features.accounts.projection import AccountProjection
from server.features.accounts.releases import Releases
from server.features.accounts.statements import Span, Statements
from server.features.accounts.tables import ENTRIES
from server.features.archive.tables import ROOMS
from server.house import HOUSE, records_of
from server.processes.collector import Collector
from server.records.database import Database
from server.records.projection import Entry, RoomHead
from server.telemetry.metrics import Metrics

START = 1_764_000_000_000
LINES_AN_ORDER = 2
ORDERS_A_ROOM = 10_000
ORDERS_A_CHUNK = 300
MERCHANTS = 200
HOSTS = 20
HOUR_MS = 3_600_000


class Phase(NamedTuple):
    """What a part took of this process's CPU, and by the clock."""

    name: str
    cpu_s: float
    wall_s: float


def _room(n: int) -> RoomHead:
    return RoomHead(n, f"room{n}", START, f"h{n % HOSTS}", "", "T", "ended", 0, START, START, False)


def _ledger(room: RoomHead, orders: int) -> Iterator[Entry]:
    """The ledger of a room: an entry a step, as scripts write it."""
    chance, last = Random(room.life), 0
    for n in range(orders):
        for lines in _steps(room, n, chance):
            last += len(lines)
            yield Entry(last, 0, msgpack.encode(lines))


def _steps(room: RoomHead, n: int, chance: Random) -> Iterator[list[dict[str, Any]]]:
    at, id_ = START + room.life * HOUR_MS + n, f"o{room.life}-{n}"  # a room an hour
    bought: list[dict[str, Any]] = [
        {"sale": f"s{k}", "sku": f"sku{k}", "title": "A thing", "qty": chance.randint(1, 3),
         "price": chance.randint(500, 30_000), "merchant": f"m{chance.randrange(MERCHANTS)}",
         "goods": "g1"}
        for k in range(LINES_AN_ORDER)
    ]  # fmt: skip
    terms = [
        {"merchant": line["merchant"], "goods": "g1", "commission": chance.randint(500, 3000),
         "fee": 250, "coupon": "platform"}
        for line in bought
    ]  # fmt: skip
    full = sum(line["qty"] * line["price"] for line in bought)
    off = 333 if n % 20 == 0 else 0
    order: dict[str, Any] = {
        "order": id_, "room": room.room, "user": f"u{n}", "name": "N", "status": "held",
        "lines": bought, "total": full - off, "currency": "CNY", "created": at, "updated": at,
        "hold_until": at + 60_000,
    }  # fmt: skip
    yield [{"k": "order", "at": at, "terms": terms, "order": order}]
    payment = {"payment": f"p{id_}", "order": id_, "amount": full - off, "currency": "CNY",
               "status": "applied", "at": at}  # fmt: skip
    paid = order | {"status": "paid", "paid": at, "updated": at + 1}
    yield [{"k": "payment", "at": at, "payment": payment},
           {"k": "order", "at": at, "was": "held", "order": paid}]  # fmt: skip
    if n % 10 == 0:
        value = bought[0]["price"]
        back = full - off if value == full else value - off * value // full
        whole = value == full
        taken = [{"sale": "s0", "sku": "sku0", "qty": 1}]
        lines = [bought[0] | {"returned": 1}, *bought[1:]]
        step = paid | {"status": "returned" if whole else "paid", "lines": lines, "back": back,
                       "updated": at + 2}  # fmt: skip
        yield [{"k": "order", "at": at + 2, "was": "paid", "restock": False, "taken": taken,
                "back": back, "order": step}]  # fmt: skip


async def _fold(records: Database, rooms: int) -> None:
    projection = AccountProjection()
    for n in range(1, rooms + 1):
        room = _room(n)
        chunk: list[Entry] = []
        for entry in _ledger(room, ORDERS_A_ROOM):
            chunk.append(entry)
            if len(chunk) >= 2 * ORDERS_A_CHUNK:
                await _add(records, projection, room, chunk)
                chunk = []
        await _add(records, projection, room, chunk)


async def _add(
    records: Database, projection: AccountProjection, room: RoomHead, chunk: list[Entry]
) -> None:
    async with records.writing() as connection:
        await projection.add(connection, room, "ledger", chunk)


async def _release(records: Database) -> None:
    releases = Releases(records, 0)
    while await releases.release(START * 2):
        pass


async def _pay_out(records: Database) -> None:
    payouts = Payouts(records, SandboxPort(records))
    await payouts.make("bench", by="bench")
    while await payouts.send() == AT_ONCE:
        pass


async def _state(records: Database) -> None:
    for n in range(HOSTS):
        await Statements(records).of(f"host/h{n}", Span(0, START * 3))


async def _audit(records: Database, rooms: int) -> None:
    for n in range(1, rooms + 1):
        room = _room(n)
        async with records.reading() as connection:
            found = await audit_accounts(connection, room, list(_ledger(room, ORDERS_A_ROOM)))
        assert not found, found
    async with records.reading() as connection:
        wrong = await audit_journal(connection)
    assert not wrong, wrong


@asynccontextmanager
async def _records(url: str, rooms: int) -> AsyncIterator[Database]:
    records = records_of(HOUSE.settings_model.model_validate({"records": {"url": url}}))
    await records.upgrade()
    async with records.writing() as connection:
        await connection.execute(insert(ROOMS), [_room(n)._asdict() for n in range(1, rooms + 1)])
    yield records
    await records.aclose()


async def _measure(url: str, rooms: int) -> tuple[str, int, list[Phase]]:
    async with _records(url, rooms) as records:
        phases = [
            await _timed("shared", _fold(records, rooms)),
            await _timed("released", _release(records)),
            await _timed("paid out", _pay_out(records)),
            await _timed(f"{HOSTS} statements", _state(records)),
            await _timed("audited", _audit(records, rooms)),
        ]
        async with records.reading() as connection:
            entries = await connection.scalar(select(func.count()).select_from(ENTRIES))
        return await records.program(), int(entries or 0), phases


async def _timed(name: str, work: Awaitable[None]) -> Phase:
    cpu, began = cpu_s(), time.perf_counter()
    await work
    return Phase(name, cpu_s() - cpu, time.perf_counter() - began)


def main(argv: list[str]) -> int:
    """Print what each part took. It fails if the audit finds that a fen is wrong."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-split")
    parser.add_argument("--lines", type=int, default=1_000_000, help="order lines (1000000)")
    parser.add_argument(
        "--records", action="append", default=[], metavar="URL", help="empty records to measure"
    )
    wishes = parser.parse_args(argv)
    rooms = max(1, wishes.lines // (ORDERS_A_ROOM * LINES_AN_ORDER))
    lines = rooms * ORDERS_A_ROOM * LINES_AN_ORDER
    print(f"\n{lines:,} order lines in {rooms} rooms, shared and settled\n")
    print("| records | part | CPU s | s | us a line | peak MB |\n|---|---|--:|--:|--:|--:|")
    with (
        tempfile.TemporaryDirectory(prefix="lr-bench-") as folder,
        record_engines(wishes.records, Path(folder)) as made,
        Collector(Metrics()),
    ):
        for make in made:
            program, entries, phases = uvloop.run(_measure(make(), rooms))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            for phase in phases:
                print(
                    f"| {program} | {phase.name} | {phase.cpu_s:.1f} | {phase.wall_s:.1f} | "
                    f"{phase.cpu_s / lines * 1e6:.1f} | {peak:.0f} |"
                )
            print(f"| {program} | entries: {entries:,} | | | | |")
    return 0
