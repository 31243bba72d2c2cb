"""The worker of a served shop has its collector of cycles set, in the parent or in a child."""

import signal

import aiohttp
import pytest

from tests.server.conftest import Serve


@pytest.mark.long("starts a whole server each")
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_server_tells_how_long_its_collector_paused_it(serve: Serve, workers: str) -> None:
    served = await serve("--workers", workers)
    async with aiohttp.ClientSession() as http, http.get(f"{served.url}/metrics") as answer:
        told = await answer.text()
    served.process.send_signal(signal.SIGTERM)
    assert await served.end() == 0

    name = "liveroom_collector_pause_seconds_count"
    lines = [line for line in told.splitlines() if line.startswith(name)]
    assert len(lines) == 3 * int(workers), lines
