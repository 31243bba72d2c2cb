"""A Prometheus of the test's own, with our rules, that reads one server every second."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from loadtest.fanout.ready import free_port
from tests.operations.shipped import EXAMPLES

PROGRAM = shutil.which("prometheus")
"""Debian's package `prometheus` has it, and `promtool`."""


class Prometheus:
    """What it knows, by its API."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def ask(self, path: str, **query: str) -> Any:
        """The data of an answer that must be good; None while it does not listen."""
        try:
            async with self._session.get(f"{self._url}/api/v1/{path}", params=query) as answer:
                if answer.status == 503:  # it is starting
                    return None
                found = await answer.json()
        except aiohttp.ClientConnectorError:
            return None
        assert found["status"] == "success", found
        return found["data"]

    async def rules(self) -> list[dict[str, Any]]:
        """Every rule with its health and state; none while it is starting."""
        found = await self.ask("rules")
        return [rule for group in (found or {"groups": []})["groups"] for rule in group["rules"]]

    async def until(self, state: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Wait for a state of the rules; they."""
        while not state(found := await self.rules()):
            await asyncio.sleep(0.1)
        return found


@asynccontextmanager
async def prometheus(arguments: list[str], target: str, folder: Path) -> AsyncIterator[Prometheus]:
    """Run it with the flags of compose.yaml, where paths are in a folder and times short."""
    assert PROGRAM is not None
    config = yaml.safe_load((EXAMPLES / "compose" / "prometheus.yml").read_text("utf-8"))
    config["global"] = dict.fromkeys(config["global"], "1s")
    [scraped] = config["scrape_configs"]
    del scraped["dns_sd_configs"]  # there is no engine to ask who `liveroom` is
    scraped["static_configs"] = [{"targets": [target]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(EXAMPLES / "alerts.yaml", folder)
    port = free_port()
    placed = [each.replace("/etc/prometheus", str(folder)) for each in arguments]
    placed = [each.replace("=/prometheus", f"={folder}/data") for each in placed]
    log = (folder / "prometheus.log").open("wb")
    with log:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *placed, f"--web.listen-address=127.0.0.1:{port}",
            stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            made = Prometheus(session, f"http://127.0.0.1:{port}")
            while not await made.rules():
                said = (folder / "prometheus.log").read_text("utf-8")
                assert process.returncode is None, said
                await asyncio.sleep(0.1)
            yield made
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
