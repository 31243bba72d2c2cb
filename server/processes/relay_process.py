"""The relay as a child process: started beside a server in development, told where that listens."""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec

from pydantic import SecretStr

from server.features.media.places import Places
from server.features.media.settings import MediaSettings
from server.processes.controlled_child import start_controlled
from server.settings import Settings
from server.store.tied_child import end_child
from server.web.opened import HOST

log = logging.getLogger(__name__)

START_S_MAX = 60.0
"""Time the child has for its start: it loads FFmpeg."""
_STOP_S_MAX = 5.0

SayWhere = Callable[[str], None]
"""Tells the relay the URL of the server that knows who may send and watch."""


@contextlib.asynccontextmanager
async def relay_beside(settings: Settings) -> AsyncIterator[tuple[Settings, SayWhere]]:
    """Run a relay inside the context if the settings want one; yield settings that name it as the
    media server, and what tells it where the server is."""
    media = settings.section(MediaSettings)
    if not media.relay:
        yield settings, lambda _: None
        return
    if find_spec("aiortc") is None:
        log.warning(
            "There is no moving picture, and nobody can go live from the console: the relay needs "
            "aiortc. Install it with `pip install 'liveroom[relay]'`."
        )
        yield settings, lambda _: None
        return
    secret = secrets.token_urlsafe(32)
    async with _running(settings, media, secret) as (port, say_where):
        if port is None:
            yield settings, lambda _: None
            return
        base = f"http://{HOST}:{port}/{{path}}"
        named = media.model_copy(
            update={
                "whip_url": f"{base}/whip",
                "whep_url": f"{base}/whep",
                "secret": SecretStr(secret),
                "relay": False,
            }
        )
        yield settings.model_copy(update={"media": named}), say_where


@contextlib.asynccontextmanager
async def _running(
    settings: Settings, media: MediaSettings, secret: str
) -> AsyncIterator[tuple[int | None, SayWhere]]:
    """Run the child; yield its port, None if it could not start."""
    child, reader, writer = await start_controlled("relay")
    try:
        writer.write(json.dumps(_orders(settings, media, secret)).encode() + b"\n")
        port = await _port_of(reader)
        if port is None:
            log.warning("The relay did not start, so there is no moving picture; see above.")

        def say_where(url: str) -> None:
            writer.write(json.dumps({"ask": f"{url}/v1/media/auth"}).encode() + b"\n")

        yield port, say_where
    finally:
        writer.close()  # the child reads the end, and stops
        await end_child(child, _STOP_S_MAX)


def _orders(settings: Settings, media: MediaSettings, secret: str) -> dict[str, object]:
    card = Places(media).path_of(media.relay_card) if media.relay_card else ""
    return {
        "host": settings.server.host,
        "port": media.relay_port,
        "secret": secret,
        "card_path": card,
        "log": settings.log.model_dump(),
        "bounds": {
            "publishers_max": media.relay_publishers_max,
            "viewers_max": media.relay_viewers_max,
            "session_s_max": media.relay_session_s_max,
        },
    }


async def _port_of(reader: asyncio.StreamReader) -> int | None:
    """The port that the child says; None if it ends first, or says nothing for long."""
    try:
        async with asyncio.timeout(START_S_MAX):
            line = await reader.readline()
    except (TimeoutError, OSError):
        return None
    return int(json.loads(line)["port"]) if line else None
