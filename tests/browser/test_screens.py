"""Every page in every state is whole: nothing cut off, covered or untranslated, in all sizes.

`make screenshots` keeps the pictures of all widths, themes and languages, and a sheet of them.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, FloatRect, Page, expect

from tests.browser.contact_sheet import Shot, write_sheet
from tests.browser.screen_faults import Dictionary, audited, measured, untranslated
from tests.browser.screen_neatness import untidy
from tests.browser.screen_rooms import furnished
from tests.browser.screens import SCREENS, Screen
from tests.browser.shop import PATIENCE_S, Server, at_rest, sign_in, until

HEIGHTS = {360: 640, 390: 844, 768: 1024, 1280: 800, 1920: 1080}
LOCALES = {"en": "en-GB", "zh": "zh-CN", "fr": "fr-FR"}
FIRST_WIDTH = 390
"""How wide a page is while it is brought into a state."""
FOLDER = os.environ.get("SCREENSHOTS", "")
"""Where the pictures are kept; empty: they are not."""
DRAWN_TWICE = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)
"""What follows a new size, such as the heights of the feed's cards, is seen by then."""
LONG = """() => document.querySelector('dialog[open]') || scrollY ? 0
    : Math.min(document.documentElement.scrollHeight, 3 * innerHeight)"""
"""How much of a page that goes on is in its picture, in px; 0: what the window shows."""
HUSH = """async () => {
    const first = document.querySelector('script[type=module]').src;
    const { hush } = await import(new URL('ui/sheet.js', first));
    hush();
}"""


class Look(NamedTuple):
    """How a state is looked at; `with_axe` takes a second."""

    width: int
    theme: Literal["light", "dark"]
    with_axe: bool = False


class Visit(NamedTuple):
    """States that one page is in, one after the other."""

    screens: tuple[Screen, ...]

    def __str__(self) -> str:
        return self.screens[0].name


VISITS = [
    Visit(tuple(screens))
    for _, screens in groupby(SCREENS, lambda screen: (screen.path, screen.who, screen.before))
]
ALL_LOOKS = [
    Look(width, theme, (width, theme) in {(390, "light"), (1280, "dark")})
    for theme in ("light", "dark")
    for width in HEIGHTS
]


Looks = Callable[[Screen], Iterable[Look]]
"""How each state is looked at."""


def one_look_or_two(screen: Screen) -> list[Look]:
    """A small part of all, another one for each state: a phone, and something wider."""
    n = SCREENS.index(screen)
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    return [
        Look((360, 390)[n % 2], themes[n // 2 % 2], with_axe=n % 6 == 0),
        Look((768, 1280, 1920)[n % 3], themes[n % 2]),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rooms(server: Server) -> AsyncIterator[dict[str, str]]:
    """What the table's paths name."""
    async with furnished(server) as names:
        yield names


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    """The words of the pages."""
    return Dictionary()


@pytest.fixture(scope="module")
def shots() -> Iterator[list[Shot]]:
    """The pictures that were taken; the sheet of them is written at the end."""
    taken: list[Shot] = []
    yield taken
    if FOLDER and taken:
        write_sheet(Path(FOLDER), taken)


class Walk:
    """A page, looked at in its states, and what is wrong with it."""

    def __init__(
        self, page: Page, language: str, dictionary: Dictionary, shots: list[Shot]
    ) -> None:
        self._page = page
        self._language = language
        self._dictionary = dictionary
        self._shots = shots
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"an error: {error}"))
        page.on("console", self._note)

    def _note(self, line: ConsoleMessage) -> None:
        # What could not be loaded is told by the browser itself, also where that is the state.
        is_ours = not line.text.startswith(("Failed to load", "WebSocket connection"))
        if line.type == "error" and is_ours:
            self.faults.append(f"on the console: {line.text}")

    async def reach(self, screen: Screen) -> None:
        """Close what is open on the page, and bring it into a state."""
        page = self._page
        while n := await page.locator("dialog[open]").count():
            await page.keyboard.press("Escape")
            await until(page, "n => document.querySelectorAll('dialog').length < n", n)
        if await page.locator(".toast").count():  # else it moves into what is opened next
            await page.evaluate(HUSH)
        for tap in screen.taps:
            await page.locator(tap).locator("visible=true").last.click()
        if screen.act:
            await screen.act(page)
        await expect(page.locator(screen.shows).locator("visible=true").first).to_be_visible()

    async def look(self, screen: Screen, looks: Iterable[Look]) -> None:
        """Look at the state in all these ways, and note what is wrong."""
        page = self._page
        for width, theme, with_axe in looks:
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            await at_rest(page)
            if screen.toward:
                await page.locator(screen.toward).first.evaluate("e => e.scrollIntoView()")
            await page.evaluate(DRAWN_TWICE)
            found = await measured(page, self._dictionary, self._language)
            found += await untidy(page)
            found += await audited(page) if with_axe else []
            await self._photograph(Shot(screen.name, self._language, width, theme))
            where = f"{screen.name} {self._language} {width} {theme}"
            self.faults += [f"{where}: {fault}" for fault in found]
        foreign = await untranslated(page, self._dictionary, self._language)
        self.faults += [f"{screen.name}: {fault}" for fault in foreign]
        await page.set_viewport_size({"width": FIRST_WIDTH, "height": HEIGHTS[FIRST_WIDTH]})

    async def _photograph(self, shot: Shot) -> None:
        if FOLDER:
            path, page = Path(FOLDER) / shot.file, self._page
            long = await page.evaluate(LONG)
            whole = FloatRect(x=0, y=0, width=shot.width, height=long)
            if long <= HEIGHTS[shot.width]:
                await page.screenshot(path=path)
            else:
                await page.screenshot(path=path, full_page=True, clip=whole)
            self._shots.append(shot)


class Studio(NamedTuple):
    """What a walk needs besides its page."""

    browser: Browser
    server: Server
    rooms: dict[str, str]
    dictionary: Dictionary
    shots: list[Shot]

    async def faults(self, visit: Visit, language: str, looks_at: Looks) -> list[str]:
        """Open a page, look at it in each of its states, and return what is wrong with it."""
        first = visit.screens[0]
        context = await self.browser.new_context(
            viewport={"width": FIRST_WIDTH, "height": HEIGHTS[FIRST_WIDTH]},
            locale=LOCALES[language],
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        try:
            await context.add_init_script("delete Navigator.prototype.share;")
            if first.who.user:
                user = first.who.user.format(language=language)
                await sign_in(context, self.server.url, user, first.who.role, first.who.name)
            page = await context.new_page()
            if first.before:
                await first.before(page)
            walk = Walk(page, language, self.dictionary, self.shots)
            await page.goto(self.server.url + first.path.format(**self.rooms))
            for screen in visit.screens:
                await walk.reach(screen)
                await walk.look(screen, looks_at(screen))
            return walk.faults
        finally:
            await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def studio(
    browser: Browser,
    server: Server,
    rooms: dict[str, str],
    dictionary: Dictionary,
    shots: list[Shot],
) -> Studio:
    """All that a walk needs."""
    if FOLDER:
        await asyncio.to_thread(Path(FOLDER).mkdir, parents=True, exist_ok=True)
    return Studio(browser, server, rooms, dictionary, shots)


@pytest.mark.parametrize("visit", VISITS, ids=str)
async def test_a_page_is_whole_and_in_its_language_in_each_of_its_states(
    studio: Studio, visit: Visit
) -> None:
    language = list(LOCALES)[VISITS.index(visit) % len(LOCALES)]
    faults = await studio.faults(visit, language, one_look_or_two)
    assert not faults, "\n".join(faults)


@pytest.mark.torture("each state in five widths, two themes and three languages")
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("visit", VISITS, ids=str)
async def test_a_page_is_whole_in_every_width_theme_and_language(
    studio: Studio, visit: Visit, language: str
) -> None:
    faults = await studio.faults(visit, language, lambda _: ALL_LOOKS)
    assert not faults, "\n".join(faults)
