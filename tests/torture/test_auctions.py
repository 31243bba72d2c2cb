"""Whatever happens, in whatever order, the promises of auctions hold after every step."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.torture.auction_machine import AuctionMachine, clocked_store
from tests.torture.size import SECONDS, examples
from tests.torture.story import World


@pytest.fixture
def world(tmp_path: Path, make_settings: MakeSettings) -> Iterator[World]:
    """A redis-server that syncs each write and may be killed."""
    with asyncio.Runner() as runner:
        redis = RedisProcess(tmp_path / "redis")
        runner.run(redis.start())
        yield World(runner, redis, make_settings(orders={"fair_window_ms": 0}))
        runner.run(redis.stop())
        runner.run(redis.client.aclose())


@pytest.mark.timeout(600 + 4 * SECONDS)
@pytest.mark.blocking_allowed
def test_the_promises_hold_after_every_step(world: World) -> None:
    store = clocked_store(world)
    run_state_machine_as_test(
        lambda: AuctionMachine(world, store),  # type: ignore[arg-type]  # a function is as good
        settings=settings(
            max_examples=examples(20),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
