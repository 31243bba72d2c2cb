"""`liveroom demo`: a server, and a room in it where simulated people sell and buy."""

import asyncio
import contextlib
import logging
import os
import sys

from server import auth, supervisor
from server.protocol.roles import Role
from server.settings import Settings
from server.settings.load import env_name
from server.supervisor import Serving
from server.tied_child import tied

log = logging.getLogger(__name__)

ROOM = "demo"
_CROWD_STOP_S_MAX = 5.0


async def run(settings: Settings, *, viewers: int) -> None:
    """Serve until SIGTERM or SIGINT, with a crowd of `viewers`. Raises what `serve` does."""
    with supervisor.stop_signals() as stop:
        ready: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(
            supervisor.serve_until(stop, settings, ready.set_result), name="server"
        )
        crowd = asyncio.create_task(_crowd(ready, stop, viewers), name="crowd")
        try:
            await server
        finally:
            for task in (crowd, server):
                task.cancel()
            await asyncio.gather(crowd, server, return_exceptions=True)


async def _crowd(ready: asyncio.Future[Serving], stop: asyncio.Event, viewers: int) -> None:
    """Keep the crowd until `stop`: it leaves first, so that nobody has to be drained."""
    serving = await ready
    print(_welcome(serving), flush=True)  # noqa: T201 - what the command is asked to show
    child = await asyncio.create_subprocess_exec(
        *tied(
            *(sys.executable, "-m", "client_sim", "--url", serving.local_url),
            *("--room", ROOM, "--viewers", str(viewers), "--seconds", "0"),
        ),
        env=os.environ | _secrets(serving.settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # Ctrl-C in the terminal is for the server, which then ends its crowd.
        start_new_session=True,
    )
    left = asyncio.create_task(child.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([left, stopping], return_when=asyncio.FIRST_COMPLETED)
        if left.done():
            log.warning(
                "The simulated people have left (status %d); the server goes on.", left.result()
            )
    finally:
        stopping.cancel()
        await _end(child)
        await left


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(_CROWD_STOP_S_MAX):
            await child.wait()
    except TimeoutError:
        child.kill()


def _secrets(settings: Settings) -> dict[str, str]:
    """What the crowd signs its tokens with; in the environment, which other users can't read."""
    if settings.jwt.secret is None:
        return {}
    return {env_name("jwt.secret"): settings.jwt.secret.get_secret_value()}


def _welcome(serving: Serving) -> str:
    host = auth.mint(serving.settings, "demo-host", Role.HOST, "Demo host", [ROOM])
    viewer = auth.mint(serving.settings, "demo-viewer", Role.VIEWER, "You", [ROOM])
    return f"""
Liveroom is at {serving.url}

  watch     {serving.url}/watch/{ROOM}
  sell      {serving.url}/host/{ROOM}

  viewer token  {viewer}
  host token    {host}

Ctrl-C stops it.
"""
