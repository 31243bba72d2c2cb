"""Browsers, a server to look at, and a room of its own for each test."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    async_playwright,
    expect,
)

from server.protocol.roles import Role
from tests.browser.chromium import ARGS, chromium
from tests.browser.firefox import CHANNEL, PREFERENCES, firefox
from tests.browser.programs import NoBrowser
from tests.browser.shop import HOST, HOST_NAME, KEEP_TOASTS, PATIENCE_S, Server, Shop, sign_in

expect.set_options(timeout=PATIENCE_S * 1000)

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that don't stop it; it lets a crowd talk as fast as it likes."""
    running = Server(
        tmp_path_factory.mktemp("pages") / "data",
        LIVEROOM_ROOMS_COMMENTS_PER_USER_PER_S="1000",
        LIVEROOM_ROOMS_COMMENTS_BURST="1000",
        LIVEROOM_EDGE_COMMANDS_PER_S="1000",
        LIVEROOM_EDGE_COMMANDS_BURST="1000",
        LIVEROOM_HUB_SAMPLE_PER_S_MAX="0",
    )
    running.start()
    yield running
    running.stop()


@pytest.fixture
def room() -> str:
    """A room id that no other test has."""
    return f"r-{secrets.token_hex(4)}"


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makemodule() -> Generator[None, pytest.Module, pytest.Module]:
    """All tests here share one loop, because they share one Chromium.

    Modules are marked before their tests are made: pytest-asyncio reads then how long the loop is
    kept, and a mark that came later would end loop and Chromium after each test.
    """
    module = yield
    module.add_marker(pytest.mark.asyncio(loop_scope="session"))
    return module


in_both = pytest.mark.parametrize("browser", ["chromium", "firefox"], indirect=True)
"""Marks a test that runs in Firefox, too: what a person can't do without, once."""


class Browsers:
    """The browsers of this process, one of a kind, begun when they are first needed."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._begun: dict[str, Browser] = {}

    async def begin(self, kind: str) -> Browser:
        """Return the Chromium or Firefox of this process. Raises NoBrowser."""
        if kind not in self._begun:
            begin = {"chromium": self._chromium, "firefox": self._firefox}[kind]
            self._begun[kind] = await begin()
        return self._begun[kind]

    async def close(self) -> None:
        """End all of them."""
        for begun in self._begun.values():
            await begun.close()

    async def _chromium(self) -> Browser:
        return await self._playwright.chromium.launch(executable_path=chromium(), args=list(ARGS))

    async def _firefox(self) -> Browser:
        return await self._playwright.firefox.launch(
            channel=CHANNEL, executable_path=firefox(), firefox_user_prefs=PREFERENCES
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browsers() -> AsyncIterator[Browsers]:
    """The browsers of all tests; each person gets a context of their own in one."""
    async with async_playwright() as playwright:
        begun = Browsers(playwright)
        yield begun
        await begun.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(browsers: Browsers, request: pytest.FixtureRequest) -> Browser:
    """Chromium, or the browser that the test is to run in (`in_both`)."""
    try:
        return await browsers.begin(getattr(request, "param", "chromium"))
    except NoBrowser as none:
        if os.environ.get("CI") == "true":
            pytest.fail(str(none))
        pytest.skip(str(none))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each sentence a test noted with `record_property("measured", ...)`, failed or not.

    A property of a report travels from the process that ran the test to the one that prints.
    """
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, sentence in report.user_properties:
            if name == "measured" and report.when == "call":
                terminalreporter.write_line(str(sentence))


class Problems(list[str]):
    """What a page complained about: uncaught errors, policy violations."""


@pytest_asyncio.fixture(loop_scope="session")
async def problems() -> AsyncIterator[Problems]:
    """Every page opened by `open_page` must end without a complaint, unless the test clears it."""
    found = Problems()
    yield found
    assert not found


OpenPage = Callable[..., Any]


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, problems: Problems) -> AsyncIterator[OpenPage]:
    """`await open_page(url, user="ann", role=..., viewport=..., **context options)`: a new page.

    Each has its own context: another person on another device. Without `user`, a guest.
    """
    contexts: list[BrowserContext] = []

    async def open_it(
        url: str,
        user: str | None = None,
        role: Role = Role.VIEWER,
        name: str = "",
        script: str | None = None,
        viewport: dict[str, int] = PHONE,
        **options: Any,
    ) -> Page:
        context = await browser.new_context(**({"viewport": viewport, "locale": "zh-CN"} | options))
        contexts.append(context)
        context.set_default_timeout(PATIENCE_S * 1000)
        await context.add_init_script(KEEP_TOASTS)
        if script:
            await context.add_init_script(script)
        if user:
            await sign_in(
                context, url.split("/", 3)[0] + "//" + url.split("/")[2], user, role, name
            )
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{url}: {error}"))
        page.on(
            "console",
            lambda line: (
                problems.append(f"{url}: {line.text}")
                if "Security" in line.text or "TrustedHTML" in line.text
                else None
            ),
        )
        await page.goto(url)
        return page

    yield open_it
    for context in contexts:
        await context.close()


@pytest.fixture
def open_console(open_page: OpenPage) -> OpenPage:
    """`await open_console(shop)`: the host console, signed in as the room's host."""

    async def open_it(shop: Shop, owner: str = HOST, **options: Any) -> Page:
        return await open_page(  # type: ignore[no-any-return]
            shop.console, owner, Role.HOST, HOST_NAME, **({"viewport": DESKTOP} | options)
        )

    return open_it


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Where pictures go: a temporary folder, or docs/images with SAVE_SCREENSHOTS=1."""
    if os.environ.get("SAVE_SCREENSHOTS") == "1":
        return Path(__file__).parents[2] / "docs" / "images"
    return tmp_path
