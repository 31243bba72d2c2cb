"""Runs the relay as a process of its own, for the server that started it.

Parent and child share a socket, as workers do (`processes.worker_process`): the parent sends one
line of JSON with the orders, the child answers with its port; a second line says where our server
listens, which has to know that port first. When the parent is gone, the child reads the end.
"""

import asyncio
import contextlib
import json
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import aioice.ice
from aiohttp import web

from server.access.origin import is_loopback_name
from server.relay.endpoint import Endpoint
from server.relay.relay import Bounds, Relay
from server.relay.rights import Rights
from server.settings.sections import Log
from server.telemetry import logs

_ORDERS_BYTES_MAX = 65_536


async def run_child(control_fd: int) -> None:
    """Read the orders, serve, end when asked or when the parent is gone."""
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=control_fd), limit=_ORDERS_BYTES_MAX
    )
    orders: dict[str, Any] = json.loads(await reader.readline())
    logs.set_up(Log(**orders["log"]), worker_id="relay")
    # At each step of each connection it would tell of addresses.
    logging.getLogger("aioice").setLevel(logging.WARNING)
    aioice.ice.get_host_addresses = use_addresses_of(  # type: ignore[assignment]  # like it
        str(orders["host"])
    )
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Ctrl-C reaches every process of the terminal; only the parent acts on it.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    card = str(orders["card_path"])
    relay = Relay(Bounds(**orders["bounds"]), lambda path: is_numbered(path, card))
    async with aiohttp.ClientSession() as http:
        rights = Rights(http, str(orders["secret"]))
        runner = web.AppRunner(Endpoint(relay, rights).app(), access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, str(orders["host"]), int(orders["port"]))
            await site.start()
            port = runner.addresses[0][1]
            writer.write(json.dumps({"port": port}).encode() + b"\n")
            if line := await reader.readline():
                rights.url = str(json.loads(line)["ask"])
                await _until_end(reader, stop)
        finally:
            await relay.aclose()
            await runner.cleanup()
            writer.close()


def is_numbered(path: str, first: str) -> bool:
    """Whether a path is `first`, or that with a dash and a number behind; never if it is empty."""
    if not first or not path.startswith(first):
        return False
    end = path.removeprefix(first)
    return not end or (end[0] == "-" and end[1:].isdecimal())


async def _until_end(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(stop.wait())
        gone = group.create_task(_read_to_end(reader))
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        gone.cancel()


async def _read_to_end(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        await reader.read()


def use_addresses_of(host: str) -> Callable[[bool, bool], list[str]]:
    """Return what stands for `aioice.ice.get_host_addresses` in a relay that listens on `host`:
    aioice leaves out this machine's loopback, and a relay that listens there alone offers nothing
    else."""
    all_addresses = aioice.ice.get_host_addresses

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        if is_loopback_name(host):
            return ["127.0.0.1"]
        return ["127.0.0.1", *all_addresses(use_ipv4, use_ipv6)]

    return addresses
