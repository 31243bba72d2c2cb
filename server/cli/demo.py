"""`liveroom demo`: a server with a room where simulated people sell and buy."""

import asyncio
import contextlib
import itertools
import logging
import os
import sys
from http import HTTPStatus

import aiohttp

from server.access import auth
from server.processes import supervisor
from server.processes.supervisor import Serving
from server.protocol.roles import Role
from server.settings import Settings
from server.settings.load import env_name
from server.store.tied_child import tied

log = logging.getLogger(__name__)

ROOM = "demo"
SALES_MAX = 100
"""After so many sales the demo moves to a new room, since each join gets all sales of a room."""
_CROWD_STOP_S_MAX = 5.0


async def run_demo(settings: Settings, *, viewers: int) -> None:
    """Serve until SIGTERM or SIGINT, with a crowd of `viewers`. Raises the errors of `serve`."""
    with supervisor.stop_signals() as stop:
        ready: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(
            supervisor.serve_until(stop, settings, ready.set_result), name="server"
        )
        crowd = asyncio.create_task(_crowd(ready, stop, viewers), name="crowd")
        crowd.add_done_callback(_tell_failure)
        try:
            await server
        finally:
            for task in (crowd, server):
                task.cancel()
            await asyncio.gather(crowd, server, return_exceptions=True)


def _tell_failure(crowd: "asyncio.Task[None]") -> None:
    """Log why the crowd failed; the server goes on."""
    if not crowd.cancelled() and (why := crowd.exception()) is not None:
        log.error("No simulated people come; the server goes on.", exc_info=why)


async def _crowd(ready: asyncio.Future[Serving], stop: asyncio.Event, viewers: int) -> None:
    """Run the crowd until `stop`. It leaves before the server drains."""
    serving = await ready
    room = await _room_to_use(serving)
    print(_welcome(serving, room), flush=True)  # noqa: T201 - what the command is asked to show
    child = await asyncio.create_subprocess_exec(
        *tied(
            *(sys.executable, "-m", "client_sim", "--url", serving.local_url),
            *("--room", room, "--viewers", str(viewers), "--seconds", "0"),
            # A room of an earlier start may still be live without its host.
            "--take-over",
        ),
        env=os.environ | _secrets(serving.settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # Only the server gets Ctrl-C from the terminal; it then ends its crowd.
        start_new_session=True,
    )
    left = asyncio.create_task(child.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([left, stopping], return_when=asyncio.FIRST_COMPLETED)
        if left.done():
            await _tell_why(serving, room, left.result())
    finally:
        stopping.cancel()
        await _end(child)
        await left


async def _room_to_use(serving: Serving) -> str:
    """Return the first of `demo`, `demo-2`, `demo-3`, … that has not ended and takes more sales."""
    async with aiohttp.ClientSession(serving.local_url) as http:
        for number in itertools.count(1):
            room = ROOM if number == 1 else f"{ROOM}-{number}"
            async with http.get(f"/v1/rooms/{room}") as response:
                found = await response.json()
            if response.status == HTTPStatus.NOT_FOUND:
                break
            if found.get("phase") != "ended" and len(found.get("sales", ())) < SALES_MAX:
                break
    return room


async def _tell_why(serving: Serving, room: str, status: int) -> None:
    """Log why the crowd is gone, and what to do."""
    async with (
        aiohttp.ClientSession(serving.local_url) as http,
        http.get(f"/v1/rooms/{room}") as response,
    ):
        ended = (await response.json()).get("phase") == "ended"
    if ended:
        log.warning(
            "Room %s has ended and the simulated people have left; the server goes on. Stop it "
            "with Ctrl-C: `make run` again opens a new room.",
            room,
        )
    else:
        log.warning("The simulated people have left (status %d); the server goes on.", status)


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(_CROWD_STOP_S_MAX):
            await child.wait()
    except TimeoutError:
        child.kill()


def _secrets(settings: Settings) -> dict[str, str]:
    """Return the secret for the crowd's tokens as environment variables, which are private."""
    if settings.jwt.secret is None:
        return {}
    return {env_name("jwt.secret"): settings.jwt.secret.get_secret_value()}


def _welcome(serving: Serving, room: str) -> str:
    host = auth.mint(serving.settings, "demo-host", Role.HOST, "Demo host", [room])
    viewer = auth.mint(serving.settings, "demo-viewer", Role.VIEWER, "You", [room])
    return f"""
Liveroom is at {serving.url}

  watch     {serving.url}/watch/{room}
  sell      {serving.url}/host/{room}

  viewer token  {viewer}
  host token    {host}

Ctrl-C stops it.
"""
