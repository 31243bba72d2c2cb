"""`liveroom serve` as a process: it starts, survives, is refused and stops, leaving nothing."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from server import __version__
from server.store.embedded import EmbeddedRedis
from tests.store.test_embedded import gone

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.long("starts, kills and stops whole servers"),
]

START_S_MAX = 120


@dataclass
class Running:
    """A `liveroom serve` that takes viewers."""

    process: asyncio.subprocess.Process
    url: str
    folder: Path

    async def healthy(self) -> bool:
        """Whether it answers over HTTP."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/healthz") as response,
        ):
            return response.status == 200

    async def until_it_says(self, pattern: str, heard: list[str] | None = None) -> re.Match[str]:
        """Read its log up to a line with `pattern` in it; the lines read are added to `heard`."""
        assert self.process.stderr is not None
        async with asyncio.timeout(START_S_MAX):
            while line := (await self.process.stderr.readline()).decode():
                if heard is not None:
                    heard.append(line)
                if found := re.search(pattern, line):
                    return found
        raise AssertionError(f"it ended without saying {pattern}")

    async def end(self) -> int:
        """Wait for its end: its status."""
        async with asyncio.timeout(START_S_MAX):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode

    def children(self, word: str) -> list[int]:
        """The process ids of its children with `word` in their command line."""
        pid = self.process.pid
        found = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        return [each for each in found if word in _command_line(each)]

    @property
    def workers(self) -> list[int]:
        return self.children("--control-fd")

    @property
    def redis(self) -> int:
        return self.children("-server")[0]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return ""


Spawn = Callable[..., Awaitable[asyncio.subprocess.Process]]
Serve = Callable[..., Awaitable[Running]]


@pytest.fixture
async def spawn(tmp_path: Path) -> AsyncIterator[Spawn]:
    """Start `liveroom serve` with more arguments; it is killed after the test if need be."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--data-dir", str(tmp_path / "data")),
            *arguments,
            env=os.environ | {"LIVEROOM_SERVER_DRAIN_S": "60"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


@pytest.fixture
def serve(spawn: Spawn, tmp_path: Path) -> Serve:
    """Start `liveroom serve` on a free port and wait until it takes viewers."""

    async def start(*arguments: str) -> Running:
        process = await spawn("--port", "0", *arguments)
        assert process.stdout is not None
        async with asyncio.timeout(START_S_MAX):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"Liveroom is at (http://\S+)", line)
        assert found, line or (await process.communicate())[1].decode()
        return Running(process, found[1], tmp_path / "data")

    return start


async def test_two_workers_from_their_start_to_their_stop(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One story, because whole servers are dear: start, death of a worker, restart, stop."""
    monkeypatch.setenv("LIVEROOM_LOG_FORMAT", "json")
    server = await serve("--workers", "2")
    await _says_what_starts(server, workers=2)
    assert len(server.workers) == 2

    secret = (server.folder / "jwt_secret").read_text().strip()
    for pid in server.workers:
        assert secret not in Path(f"/proc/{pid}/cmdline").read_text()
        assert secret not in Path(f"/proc/{pid}/environ").read_text()
    assert await _measured_pauses(server) == 3 * 2  # three generations of the collector each

    killed, other = server.workers
    os.kill(killed, signal.SIGKILL)
    await server.until_it_says(rf"process {killed}\) ended with status -9; starting another")
    new = await server.until_it_says(r"Worker \S+ is now process (\d+)")
    before = server.workers
    assert sorted(before) == sorted([other, int(new[1])])

    server.process.send_signal(signal.SIGHUP)  # replaces them one by one
    await server.until_it_says("All workers have been restarted")
    assert len(server.workers) == 2
    assert not set(server.workers) & set(before)
    assert await server.healthy()

    await _stops_and_leaves_nothing(server, signal.SIGTERM)


async def test_one_worker_from_its_start_to_its_stop(
    serve: Serve, spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One story, too: start, a second server that is refused, death of Redis, stop."""
    monkeypatch.setenv("LIVEROOM_LOG_FORMAT", "json")
    server = await serve()
    assert server.workers == []  # it serves by itself
    warned = await _says_what_starts(server, workers=1)
    assert "beyond this machine" not in warned
    assert await _measured_pauses(server) == 3

    second = await spawn("--port", "0")
    _, said = await second.communicate()
    assert second.returncode == 1
    assert re.fullmatch(
        rf"liveroom: The data folder \S+ is in use by another server \(process "
        rf"{server.process.pid}\)\. .*--data-dir\.\n",
        said.decode().splitlines(keepends=True)[-1],
    )
    assert b"Traceback" not in said

    killed = server.redis
    os.kill(killed, signal.SIGKILL)
    await server.until_it_says(r"The private (Redis|Valkey) [\d.]+ ended")
    await server.until_it_says(r"The private (Redis|Valkey) [\d.]+ is back")
    assert server.redis != killed
    assert await server.healthy()

    await _stops_and_leaves_nothing(server, signal.SIGINT)  # as Ctrl-C does


async def _says_what_starts(server: Running, workers: int) -> str:
    """The log has one line that says what starts; all that was said until then."""
    heard: list[str] = []
    line = json.loads((await server.until_it_says(".*Liveroom starts.*", heard)).group())
    async with Redis(
        unix_socket_path=f"{server.folder}/redis/redis.sock", socket_timeout=60
    ) as redis:
        info = await redis.info()
    assert line["redis"].endswith(info.get("valkey_version", info["redis_version"]))
    assert {name: line[name] for name in ("version", "mode", "durability", "provider")} == {
        "version": __version__,
        "mode": "development",
        "durability": "fsync",
        "provider": "sandbox",
    }
    assert line["workers"] == workers
    return "".join(heard)


async def _measured_pauses(server: Running) -> int:
    """How many pauses of a collector of cycles the server tells of, by worker and generation."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/metrics") as response,
    ):
        told = await response.text()
    name = "liveroom_collector_pause_seconds_count"
    return sum(line.startswith(name) for line in told.splitlines())


async def _stops_and_leaves_nothing(server: Running, number: signal.Signals) -> None:
    left = [server.redis, *server.workers]

    server.process.send_signal(number)

    assert await server.end() == 0
    for pid in left:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_production_without_a_payment_provider_is_one_line(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEROOM_MODE", "production")
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", "0123456789abcdef0123456789abcdef")
    process = await spawn("--port", "0")

    _, err = await process.communicate()

    assert process.returncode == 2
    assert err.startswith(b"liveroom: payments.provider is required in production mode")
    assert err.count(b"\n") == 1


async def test_a_sandbox_in_production_is_warned_of(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEROOM_MODE", "production")
    monkeypatch.setenv("LIVEROOM_JWT_SECRET", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("LIVEROOM_PAYMENTS_PROVIDER", "sandbox")
    server = await serve()

    assert await server.until_it_says("payments.provider = sandbox takes no money")


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_killing_the_parent_ends_the_workers_and_redis(workers: str, serve: Serve) -> None:
    server = await serve("--workers", workers)
    left = [server.redis, *server.workers]

    server.process.kill()
    await server.process.wait()

    for pid in left:
        await gone(pid)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_port_that_is_taken_is_one_line(workers: str, spawn: Spawn) -> None:
    with socket.socket() as holder:
        # Another Liveroom with several workers would let ours in, if ours only asked to share.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        server = await spawn("--port", str(port), "--workers", workers)
        _, said = await server.communicate()

    assert server.returncode == 1
    assert said.decode().splitlines()[-1] == (
        f"liveroom: Can't listen on 127.0.0.1:{port}: another program is listening there. "
        "Choose another with --host and --port."
    )
    assert b"Traceback" not in said


async def test_a_host_that_is_not_ours_is_one_line(spawn: Spawn) -> None:
    server = await spawn("--port", "0", "--host", "192.0.2.1")
    _, said = await server.communicate()

    assert server.returncode == 1
    assert "this machine doesn't have that address" in said.decode().splitlines()[-1]


async def test_a_redis_that_is_not_there_is_one_line(spawn: Spawn, tmp_path: Path) -> None:
    server = await spawn("--port", "0", "--redis-url", f"unix://{tmp_path}/none.sock")
    _, said = await server.communicate()

    assert server.returncode == 1
    last = said.decode().splitlines()[-1]
    assert last.startswith(f"liveroom: The Redis at unix://{tmp_path}/none.sock can't be used")
    assert b"Traceback" not in said


async def test_a_worker_that_can_not_start_stops_the_start(
    spawn: Spawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEROOM_JWT_ALGORITHM", "RS256")
    monkeypatch.setenv("LIVEROOM_JWT_PUBLIC_KEY_FILE", "/nowhere/key.pem")

    server = await spawn("--port", "0", "--workers", "2")
    _, said = await server.communicate()

    assert server.returncode == 1
    assert b"jwt.public_key_file /nowhere/key.pem can't be read" in said
    assert "ended with status 2 before it could take viewers" in said.decode().splitlines()[-1]
    assert b"Traceback" not in said


async def test_development_with_a_redis_by_url_is_warned_when_it_listens_beyond_this_machine(
    serve: Serve, synced_redis: EmbeddedRedis
) -> None:
    server = await serve("--redis-url", synced_redis.url, "--host", "0.0.0.0")

    said = await server.until_it_says("Development mode listens on 0.0.0.0")

    assert '"level": "warning"' in said.string
    assert await server.healthy()
    assert server.children("-server") == []
    server.process.terminate()
    assert await server.end() == 0
