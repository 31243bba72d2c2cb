"""What a server counts about itself, and who tells it."""

import asyncio
import os
import re
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from client_sim.client import RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint
from server.hub.audience import Audience
from server.protocol.roles import Role
from server.settings import Settings
from server.settings.sections import Hub
from server.telemetry.metrics import Metrics
from server.web.scrape import Scrape
from tests.cluster.redis_cluster import until
from tests.conftest import JWT_SECRET
from tests.hub.listening import Noter, comment, notice
from tests.running import running

WORKERS = 2
VIEWERS = 40


def by_worker(text: str, name: str) -> dict[str, float]:
    """The sum of a sample over its other labels, for each worker."""
    found: dict[str, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[sample.labels["worker"]] += sample.value
    return dict(found)


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.blocking_allowed  # the worker starts on the test's loop, and reads its scripts
async def test_counters_are_told_as_zero_before_anything_happens(settings: Settings) -> None:
    async with (
        running(settings, "w1") as worker,
        aiohttp.ClientSession() as http,
        http.get(f"{worker.url}/metrics") as answer,
    ):
        told = samples(await answer.text())

    def value(name: str, **labels: str) -> float | None:
        return told.get((name, frozenset({"worker": "1", **labels}.items())))

    assert value("liveroom_commands_total", op="buy", outcome="unavailable") == 0
    assert value("liveroom_commands_total", op="lucky.enter", outcome="ok") == 0
    assert value("liveroom_command_seconds_count", op="buy") == 0
    assert value("liveroom_closed_total", code="4429") == 0
    assert value("liveroom_rejected_total", reason="full") == 0
    assert value("liveroom_orders_total", status="refund_due") == 0
    assert value("liveroom_store_errors_total", script="orders.buy") == 0
    assert value("liveroom_batch_size_count", script="orders.buy") == 0
    assert value("liveroom_asks_lost_total") == 0
    assert value("liveroom_outbox_dead_letters") == 0
    assert value("liveroom_outbox_posts_total", outcome="refused") == 0
    assert value("liveroom_requests_limited_total", sender="address") == 0


async def test_whichever_worker_is_asked_tells_the_figures_of_all() -> None:
    first, second = Metrics(), Metrics()
    first.connections.set(3)
    second.connections.set(4)
    second.commands.labels("buy", "ok").inc(5)

    async with Scrape(first, "abc123-1", 2) as one, Scrape(second, "abc123-2", 2) as two:
        texts = [(await scrape.text()).decode() for scrape in (one, two)]

    for text in texts:
        assert by_worker(text, "liveroom_connections") == {"1": 3, "2": 4}
        assert by_worker(text, "liveroom_commands_total") == {"2": 5}
        assert by_worker(text, "liveroom_worker_up") == {"1": 1, "2": 1}
        assert text.count("# HELP liveroom_connections ") == 1
        assert set(by_worker(text, "process_resident_memory_bytes")) == {"1", "2"}


async def test_a_worker_that_does_not_answer_is_shown_as_down() -> None:
    async with Scrape(Metrics(), "abc124-1", 2) as one:
        text = (await one.text()).decode()

    assert by_worker(text, "liveroom_worker_up") == {"1": 1, "2": 0}
    assert by_worker(text, "liveroom_connections") == {"1": 0}


async def test_servers_on_one_machine_do_not_mix() -> None:
    async with Scrape(Metrics(), "abc125-1", 1) as one, Scrape(Metrics(), "abc126-1", 1):
        assert set(by_worker((await one.text()).decode(), "liveroom_connections")) == {"1"}


def test_every_name_has_the_unit_and_no_label_names_a_room_or_a_person() -> None:
    for family in Metrics().registry.collect():
        assert re.fullmatch(r"liveroom_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        unit = re.search(r"_(seconds|bytes|ms|kb|us)$", family.name)
        assert unit is None or unit[1] in ("seconds", "bytes")
        for sample in family.samples:
            known = {"op", "outcome", "reason", "code", "script", "task", "sender", "le"}
            assert set(sample.labels) <= known


async def test_shown_and_left_out_comments_of_members_add_up() -> None:
    metrics = Metrics()
    hub = Hub(tick_ms_min=1, tick_ms_max=1, sample_per_s_max=10)
    audience = Audience(hub, 200, metrics, lambda: False, Random(1))
    viewers, host = [Noter("ann"), Noter("ben")], Noter("host", exempt=True)
    for member in (*viewers, host):
        audience.add(member)

    for n in range(50):
        audience.publish(comment(n))
    audience.publish(notice(1))
    for member in (*viewers, host):
        await member.until_seq(1)
    audience.close()

    def value(name: str) -> float | None:
        return metrics.registry.get_sample_value(name)

    assert value("liveroom_comments_delivered_total") == 2 * 10 + 50
    assert value("liveroom_comments_sampled_out_total") == 2 * 40


@pytest.fixture
async def server(settings: Settings, tmp_path: Path) -> AsyncIterator[str]:
    """`liveroom serve --workers 2` as processes; its URL."""
    env = {
        "LIVEROOM_REDIS_URL": settings.redis.url,
        "LIVEROOM_REDIS_KEY_PREFIX": settings.redis.key_prefix,
        "LIVEROOM_REDIS_DURABILITY": "memory",
        "LIVEROOM_JWT_SECRET": JWT_SECRET,
        "LIVEROOM_DATA_DIR": str(tmp_path / "data"),
        "LIVEROOM_SERVER_DRAIN_S": "60",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "serve", "--port", "0", "--workers", str(WORKERS)),
        env=os.environ | env,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            said = (await process.stdout.readline()).decode()
        yield said.split()[-1]
    finally:
        process.terminate()
        await process.wait()


@pytest.mark.long("starts a server of several workers")
async def test_the_viewers_of_one_room_sit_on_all_workers(server: str) -> None:
    async def scrape() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{server}/metrics") as answer:
            assert answer.status == 200
            return await answer.text()

    async with Rest(server, mint(JWT_SECRET, "host", "Host", Role.HOST)) as rest:
        await rest.create("hot", "Hot")
    async with AsyncExitStack() as stack:
        for _ in range(VIEWERS):
            await stack.enter_async_context(RoomClient(server, "hot"))
        text = await scrape()

        here = by_worker(text, "liveroom_connections")
        assert set(here) == {"1", "2"}
        assert sum(here.values()) == VIEWERS
        assert min(here.values()) > 0
        assert by_worker(text, "liveroom_rooms") == {"1": 1, "2": 1}
        assert sum(by_worker(text, "liveroom_joins_total").values()) == VIEWERS
        assert by_worker(text, "liveroom_script_seconds_count")

        async def all_online() -> bool:
            guest = stack_client.state.view
            return bool(guest["online"] == VIEWERS + 1)

        stack_client = await stack.enter_async_context(RoomClient(server, "hot"))
        await until(all_online)
