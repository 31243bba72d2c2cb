"""`liveroom demo`: a server with a room where simulated people sell and buy."""

import asyncio
import itertools
import logging
import os
import sys
from http import HTTPStatus

import aiohttp

from server.access import auth
from server.features.media.places import Places
from server.features.media.settings import MediaSettings
from server.features.media.tickets import Tickets
from server.processes import supervisor
from server.processes.supervisor import Serving
from server.protocol.roles import Role
from server.settings import Settings
from server.settings.load import env_name
from server.store.tied_child import end_child, tied

log = logging.getLogger(__name__)

ROOM = "demo"
SALES_MAX = 100
"""After so many sales the demo moves to a new room, since each join gets all sales of a room."""
_CROWD_STOP_S_MAX = 5.0
_CARD_AGAIN_S = 0.5


def with_relay(settings: Settings) -> Settings:
    """Return the settings with a relay that carries pictures and shows a test card in the demo's
    rooms, unless a media server is named or this is not development."""
    media = settings.section(MediaSettings)
    if media.serves or settings.mode != "development":
        return settings
    return settings.model_copy(
        update={"media": media.model_copy(update={"relay": True, "relay_card": ROOM})}
    )


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
            "--notes",
        ),
        env=os.environ | _secrets(serving.settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        # Only the server gets Ctrl-C from the terminal; it then ends its crowd.
        start_new_session=True,
    )
    left = asyncio.create_task(child.wait())
    stopping = asyncio.create_task(stop.wait())
    card = asyncio.create_task(_announce_card(serving, room))
    try:
        await asyncio.wait([left, stopping], return_when=asyncio.FIRST_COMPLETED)
        if left.done():
            await _tell_why(serving, room, left.result())
    finally:
        stopping.cancel()
        card.cancel()
        await asyncio.gather(card, return_exceptions=True)
        await end_child(child, _CROWD_STOP_S_MAX)
        await left


async def _announce_card(serving: Serving, room: str) -> None:
    """Tell the demo's room that there is a picture, as the media server would: the relay's card is
    sent by nobody. The crowd's host makes the room first: a question before it would be refused."""
    media = serving.settings.section(MediaSettings)
    if media.secret is None or not media.relay_card:
        return
    secret = media.secret.get_secret_value()
    ticket, _ = Tickets(secret, media.ticket_s).ticket("send", room)
    question = {"action": "publish", "path": Places(media).path_of(room), "token": ticket}
    headers = {"Authorization": aiohttp.encode_basic_auth("relay", secret)}
    async with aiohttp.ClientSession(serving.local_url, headers=headers) as http:
        await _wait_for_room(http, room)
        async with http.post("/v1/media/auth", json=question) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                log.warning("The demo's room has no picture: %s", await answer.text())


async def _wait_for_room(http: aiohttp.ClientSession, room: str) -> None:
    while True:
        async with http.get(f"/v1/rooms/{room}") as answer:
            if answer.status == HTTPStatus.OK:
                return
        await asyncio.sleep(_CARD_AGAIN_S)


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

  rooms     {serving.url}/
  watch     {serving.url}/watch/{room}
  sell      {serving.url}/host/{room}
  sign in   {serving.url}/login
  operate   {serving.url}/ops

  viewer token  {viewer}
  host token    {host}

Ctrl-C stops it.
"""
