"""A story for every loop of the server: the loop at work, with something in it that breaks."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from redis.asyncio import Redis

from server.access.auth import Identity, TokenVerifier
from server.access.token_keys import TokenKeys
from server.edge.edge import Edge
from server.edge.expiry import Expiry
from server.edge.listener import HttpSide
from server.features.accounts.payout_ports import port_of
from server.features.accounts.payouts import Payouts
from server.features.accounts.releases import Releases
from server.features.accounts.settling import Settling as SettlingAccounts
from server.features.actions.moderation_log import Logging
from server.features.allotments.allotments import Allotments
from server.features.allotments.settings import AllotmentSettings
from server.features.allotments.transfers import Settling, Transfers
from server.features.archive.archiver import Archiver
from server.features.archive.holdings import EXPIRED, ended_rooms
from server.features.featured.current import CurrentSlots
from server.features.feed.assembly import assembled
from server.features.follows.news import News
from server.features.insights.search_log import SearchLog
from server.features.insights.settings import InsightSettings
from server.features.outbox.outbox import Outbox
from server.features.pictures.pictures import Pictures
from server.features.pictures.reencoder import Reencoder
from server.features.pictures.settings import PictureSettings
from server.features.pictures.storage import FolderStorage
from server.features.pictures.sweeping import Sweeping
from server.features.presence.presence import Presence
from server.features.rules.server_words import ServerWords
from server.features.rules.settings import ModerationSettings
from server.features.ties.ties import Ties
from server.features.visits.visits import Visits
from server.features.webhooks.networks import Networks
from server.features.webhooks.sender import Sender
from server.features.webhooks.settings import WebhookSettings
from server.features.webhooks.webhooks import Webhooks
from server.house import HOUSE, records_of
from server.processes.worker_pool import WorkerPool
from server.protocol.roles import Role
from server.rooms.awake_rooms import Resting
from server.rooms.full_lap import FullLap
from server.rooms.retaining import Retainer
from server.rooms.retention import Keeping
from server.rooms.retiring import Retirer
from server.settings import Settings
from server.store.bans import Bans
from server.store.bus import Bus
from server.store.cluster import Cluster
from server.store.cluster_bus import ClusterBus
from server.store.embedded import EmbeddedRedis
from server.store.primary_watch import PrimaryWatch
from server.store.room_store import RoomStore
from server.store.sign_outs import SignOuts
from server.telemetry.loop_lag import LoopLag
from server.telemetry.metrics import Metrics
from server.web.ops import Ops
from server.worker import Worker
from tests.access.key_house import signing_key
from tests.hub.listening import Noter
from tests.sweeping import sweeper as sweeper_of


@dataclass
class Bench:
    """What a loop is built of."""

    redis: Redis
    store: RoomStore
    settings: Settings
    folder: Path


@dataclass
class Story:
    """A running loop: `breaks` on `part` is called each time, or once `provoke` was."""

    part: Any
    breaks: str
    provoke: Callable[[], Any] = lambda: None


async def post(*_: object) -> int:
    return 200


@asynccontextmanager
async def outbox(bench: Bench) -> AsyncIterator[Story]:
    async with Outbox(bench.store, bench.settings, "w1", post):
        yield Story(bench.redis, "zscan")


@asynccontextmanager
async def sweeper(bench: Bench) -> AsyncIterator[Story]:
    made = sweeper_of(bench.store, bench.settings)
    async with made:
        yield Story(made, "_here")


@asynccontextmanager
async def sweeper_lap(bench: Bench) -> AsyncIterator[Story]:
    async with sweeper_of(bench.store, bench.settings):
        yield Story(bench.redis, "zscan")


@asynccontextmanager
async def presence(bench: Bench) -> AsyncIterator[Story]:
    made = Presence(bench.store, bench.settings, "w1", tuple)
    async with made:
        yield Story(made, "_rooms")


@asynccontextmanager
async def visits(bench: Bench) -> AsyncIterator[Story]:
    await bench.redis.hset(
        bench.store.keys.room("tea", "room"), mapping={"epoch": "e", "phase": "live"}
    )
    async with Visits(bench.store, bench.settings, "w1") as made:
        made.came("tea", Noter("ann"), Identity("ann", "Ann", Role.VIEWER), None)
        yield Story(made, "_write_fact")


@asynccontextmanager
async def bus_reader(bench: Bench) -> AsyncIterator[Story]:
    keys = bench.store.keys
    async with Bus(bench.redis, keys, HOUSE.shape.bus_decoder, bench.settings.bus, "w1", Metrics()):
        yield Story(bench.redis, "pubsub")


@asynccontextmanager
async def bus_watchdog(bench: Bench) -> AsyncIterator[Story]:
    keys = bench.store.keys
    async with Bus(
        bench.redis, keys, HOUSE.shape.bus_decoder, bench.settings.bus, "w1", Metrics()
    ) as bus:
        while not bus.alive:  # from here on the reader waits for messages, and only they wake it
            await asyncio.sleep(0.01)
        yield Story(bus, "_probe")


@asynccontextmanager
async def cluster_bus(bench: Bench) -> AsyncIterator[Story]:
    cluster = Cluster([], lambda _: bench.redis, 1.0)
    keys = bench.store.keys
    async with ClusterBus(
        cluster, keys, HOUSE.shape.bus_decoder, bench.settings.bus, "w1", Metrics()
    ) as bus:
        yield Story(bus, "_look")


@asynccontextmanager
async def news_subscription(bench: Bench) -> AsyncIterator[Story]:
    keys = bench.store.keys
    async with (
        Bus(bench.redis, keys, HOUSE.shape.bus_decoder, bench.settings.bus, "w1", Metrics()) as bus,
        News(bench.store, bus, bench.settings, tuple),
    ):
        yield Story(bus, "subscribe")


@asynccontextmanager
async def loop_lag(_: Bench) -> AsyncIterator[Story]:
    metrics = Metrics()
    async with LoopLag(metrics):
        yield Story(metrics.loop_lag_seconds, "observe")


@asynccontextmanager
async def ops_report(bench: Bench) -> AsyncIterator[Story]:
    keys, settings = bench.store.keys, bench.settings
    async with Ops(bench.redis, keys, settings, Metrics().registry, "w1"):
        yield Story(bench.redis, "hset")


@asynccontextmanager
async def pulse(bench: Bench) -> AsyncIterator[Story]:
    def nobody_asks() -> HttpSide:
        raise AssertionError("no HTTP request is made here")

    settings, metrics, chance = bench.settings, Metrics(), Random(1)
    # Reading the script files is part of the start, where blocking does no harm.
    worker = await asyncio.to_thread(
        Worker, bench.redis, settings, worker_id="w1", metrics=metrics, random=chance
    )
    async with Edge(
        settings,
        TokenVerifier(settings),
        HOUSE.readers,
        worker.rooms,
        worker.dispatch,
        nobody_asks,
        metrics,
        chance,
    ) as edge:

        class Everybody:
            def __iter__(self) -> Iterator[Any]:
                return iter(self.here())

            def here(self) -> list[Any]:
                return []

        edge.connections = everybody = Everybody()  # type: ignore[assignment]
        yield Story(everybody, "here")


@asynccontextmanager
async def embedded_redis(bench: Bench) -> AsyncIterator[Story]:
    async with EmbeddedRedis(bench.folder / "own") as embedded:
        yield Story(embedded, "_start", lambda: os.kill(embedded.pid, signal.SIGKILL))


@asynccontextmanager
async def worker_keeper(bench: Bench) -> AsyncIterator[Story]:
    server = bench.settings.server.model_copy(update={"workers": 2})
    settings = bench.settings.model_copy(update={"server": server})
    stop, ready = asyncio.Event(), asyncio.Event()
    async with WorkerPool(settings, settings.redis.url, stop_s_max=60) as pool:
        running = asyncio.create_task(pool.keep_workers(stop, lambda _: ready.set()))
        await ready.wait()
        first = next(iter(pool.worker_pids.values()))
        yield Story(pool, "_start", lambda: os.kill(first, signal.SIGKILL))
        stop.set()
        await running


@asynccontextmanager
async def archive(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    made = Archiver(bench.store, records, bench.settings, "w1", HOUSE.streams, [], Metrics())
    async with made:
        yield Story(made, "_hold_lease")
    await records.aclose()


@asynccontextmanager
async def webhooks(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    limits = bench.settings.section(WebhookSettings)
    sender = Sender(limits, Networks((), development=True))
    made = Webhooks(records, limits, sender, HOUSE.lines, "w1", Metrics())
    async with made:
        yield Story(made, "_hold_lease")
    await records.aclose()


@asynccontextmanager
async def sign_outs(bench: Bench) -> AsyncIterator[Story]:
    async with SignOuts(bench.redis, bench.store.keys):
        yield Story(bench.redis, "zrangebyscore")


@asynccontextmanager
async def bans(bench: Bench) -> AsyncIterator[Story]:
    async with Bans(bench.store):
        yield Story(bench.redis, "xrange")


@asynccontextmanager
async def server_words(bench: Bench) -> AsyncIterator[Story]:
    limits = bench.settings.section(ModerationSettings)
    async with await asyncio.to_thread(ServerWords, bench.store, limits) as made:
        yield Story(made, "_version")


@asynccontextmanager
async def moderation_log(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    async with Logging(bench.store, records):
        yield Story(bench.redis, "xrange")
    await records.aclose()


@asynccontextmanager
async def search_counts(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    made = SearchLog(records, bench.settings.section(InsightSettings), every_s=0.05)
    async with made:
        yield Story(made, "_write")
    await records.aclose()


@asynccontextmanager
async def feed(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    metrics, current = Metrics(), CurrentSlots(records)
    parts = assembled(
        bench.store, records, bench.settings, metrics, Ties(records), current, Random(1)
    )
    async with parts.intake:
        yield Story(parts.intake, "_read_news")
    await records.aclose()


@asynccontextmanager
async def keys_of_tokens(bench: Bench) -> AsyncIterator[Story]:
    file = bench.folder / "key.pem"
    file.write_text(signing_key(None).pem)
    section = {"public_key_file": str(file), "algorithm": "ES256", "jwks_cooldown_s": 0.05}
    limits = bench.settings.jwt.model_copy(update=section)
    settings = bench.settings.model_copy(update={"jwt": limits})
    async with await asyncio.to_thread(TokenKeys, settings) as keys:
        yield Story(keys, "_begin")


@asynccontextmanager
async def token_ends(bench: Bench) -> AsyncIterator[Story]:
    expiry = Expiry(bench.settings.jwt, [], lambda _: None)
    expiry.start()
    yield Story(expiry, "_now_ms")
    await expiry.stop()


@asynccontextmanager
async def retiring(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    made = Retirer(
        bench.store, records, bench.settings, "w1", pending_args=None, stays=[], ended=ended_rooms,
        metrics=Metrics(),
    )  # fmt: skip
    async with made:
        yield Story(made, "_candidates")
    await records.aclose()


@asynccontextmanager
async def primary_watch(bench: Bench) -> AsyncIterator[Story]:
    class Watched:
        async def follow_sentinels(self) -> None:
            await bench.redis.ping()

    async with PrimaryWatch(Watched(), look_s=0.05):
        yield Story(bench.redis, "ping")


@asynccontextmanager
async def pictures(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    limits = bench.settings.section(PictureSettings)
    kept = Pictures(records, FolderStorage(bench.folder), Reencoder(limits), limits)
    async with Sweeping(records, kept, limits, "w1"):
        yield Story(kept, "sweep")
    await records.aclose()


@asynccontextmanager
async def retention(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    keeps = [Keeping(kind="comments", days=lambda _: 1)]
    retirer = Retirer(bench.store, records, bench.settings, "w1", None, [], None, Metrics())
    made = Retainer(
        bench.store, records, bench.settings, "w1", retirer, keeps=keeps, removals=[],
        rooms=EXPIRED, deletes=[], shapes={},
    )  # fmt: skip
    async with made:
        yield Story(made, "_find")
    await records.aclose()


@asynccontextmanager
async def allotments(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    settings = bench.settings.section(AllotmentSettings)
    transfers = Transfers(bench.store, records)
    made = Settling(transfers, Allotments(records, settings), records, settings, "w1")
    async with made:
        yield Story(transfers, "settle_sent")
    await records.aclose()


@asynccontextmanager
async def settling(bench: Bench) -> AsyncIterator[Story]:
    records = await asyncio.to_thread(records_of, bench.settings)
    payouts = Payouts(records, port_of("sandbox", records))
    made = SettlingAccounts(records, Releases(records, 0), payouts, worker_id="w1", interval_s=0.05)
    async with made:
        yield Story(made, "settle")
    await records.aclose()


@asynccontextmanager
async def resting(bench: Bench) -> AsyncIterator[Story]:
    async with Resting(bench.store, {}, every_s=0.05):
        yield Story(bench.redis, "time")


@asynccontextmanager
async def full_lap(bench: Bench) -> AsyncIterator[Story]:
    async with FullLap(bench.store, bench.settings, {}):
        yield Story(bench.redis, "set")


STORIES: dict[str, Callable[[Bench], Any]] = {
    "feed": feed,
    "archive": archive,
    "outbox": outbox,
    "webhooks": webhooks,
    "sweeper": sweeper,
    "retiring": retiring,
    "retention": retention,
    "pictures": pictures,
    "allotments": allotments,
    "settling": settling,
    "sign-outs": sign_outs,
    "bans": bans,
    "server words": server_words,
    "moderation log": moderation_log,
    "search counts": search_counts,
    "keys of tokens": keys_of_tokens,
    "token ends": token_ends,
    "sweeper lap": sweeper_lap,
    "resting": resting,
    "primary watch": primary_watch,
    "full lap": full_lap,
    "presence": presence,
    "visits": visits,
    "bus reader": bus_reader,
    "bus watchdog": bus_watchdog,
    "cluster bus": cluster_bus,
    "news subscription": news_subscription,
    "loop lag": loop_lag,
    "ops report": ops_report,
    "pulse": pulse,
    "embedded redis": embedded_redis,
    "worker keeper": worker_keeper,
}
