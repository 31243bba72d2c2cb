"""A worker of its own for each test, asked over HTTP; `web_settings` are its settings."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.settings import Settings
from server.web.app import make_app
from server.web.route import Route
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    """The settings of the worker; a file of tests may have its own."""
    return make_settings()


@pytest.fixture
def routes(monkeypatch: pytest.MonkeyPatch) -> list[Route]:
    """The routes of the worker that is started; to be named before it."""
    found: list[Route] = []

    def note(settings: Any, verifier: Any, routes: list[Route], *rest: Any) -> Any:
        found.extend(routes)
        return make_app(settings, verifier, routes, *rest)

    monkeypatch.setattr("server.app.make_app", note)
    return found


@pytest.fixture
async def api(web_settings: Settings) -> AsyncIterator[Api]:
    """REST of a worker with no room."""
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, web_settings, worker.url)
