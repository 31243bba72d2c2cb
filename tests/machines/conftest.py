"""A site on several machines, and the table of what its people went through."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from server.store import redis_program
from server.store.redis_program import RedisProgram
from tests.machines.network import NoMachines
from tests.machines.site import Site, watched_site


@pytest.fixture(scope="module")
def program() -> RedisProgram:
    """The Redis that a server would take."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(redis_program.find())


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, program: RedisProgram) -> Iterator[Site]:
    """A site that makes a promise, by default replicas:1, for all tests that ask for the same."""
    durability = getattr(request, "param", "replicas:1")
    with TemporaryDirectory(prefix="lr-machines-") as folder:
        try:
            with watched_site(Path(folder), program, durability) as made:
                yield made
        except NoMachines as why:
            pytest.skip(f"machines can't be made here: {why}")


@pytest.fixture(autouse=True)
def said(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, what the programs said."""
    failed = request.session.testsfailed
    yield
    site = request.node.funcargs.get("site")
    if site is not None and request.session.testsfailed > failed:
        sys.stdout.write(site.said())
