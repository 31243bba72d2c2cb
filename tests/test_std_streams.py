"""A server whose starter closed standard streams serves as any other."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from server.cli.std_streams import open_missing_streams

ALONE = pytest.mark.torture("both are closed in the other one, too")


@pytest.mark.long("starts a whole server each")
@pytest.mark.parametrize(
    ("closed", "workers"),
    [
        pytest.param("<&-", 1, marks=ALONE),
        pytest.param("<&-", 2, marks=ALONE),
        pytest.param("2>&-", 1, marks=ALONE),
        ("<&- 2>&-", 2),
    ],
)
async def test_a_closed_standard_stream_stops_no_start(
    tmp_path: Path, closed: str, workers: int
) -> None:
    server = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-m", "server", "serve"),
        *("--port", "0", "--workers", str(workers), "--data-dir", str(tmp_path)),
        env=os.environ | {"LIVEROOM_SERVER_DRAIN_S": "60"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        line = (await server.stdout.readline()).decode()
        found = re.search(r"http://\S+", line)
        assert found, (line, (await server.communicate())[1])
        async with aiohttp.ClientSession() as http, http.get(found[0] + "/v1/rooms") as response:
            assert response.status == 200
    finally:
        if server.returncode is None:
            server.send_signal(signal.SIGTERM)
        _, said = await server.communicate()
    assert server.returncode == 0, said


def test_streams_that_are_open_are_left_alone() -> None:
    before = [os.fstat(number) for number in (0, 1, 2)]

    open_missing_streams()

    assert [os.fstat(number).st_ino for number in (0, 1, 2)] == [each.st_ino for each in before]
