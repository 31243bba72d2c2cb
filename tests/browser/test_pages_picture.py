"""The picture, from the host's (fake) camera to a viewer's screen by the relay; HLS by hls.js."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession, encode_basic_auth, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, Route, expect

from server.protocol.roles import Role
from server.web.assets import ASSETS
from tests.browser.conftest import DESKTOP, PHONE, OpenPage, in_both
from tests.browser.shop import HOST, HOST_NAME, SOFA, Server, Shop, joined, open_shop, token, until
from tests.browser.stream import CODEC, hls_stream, recording
from tests.browser.test_pages_looks import _faults

pytest.importorskip("aiortc", reason="the relay needs aiortc: pip install 'liveroom[relay]'")

DEVICES = {"permissions": ["camera", "microphone"]}
"""Also for viewers: else Chromium hides its addresses behind names that it has to multicast."""
FRAMES = """
    globalThis.frames_seen = () => document.querySelector('.player-video')
        ?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
"""
SECRET = "a secret of the media server, long enough"
STATE = "document.querySelector('.player')?.dataset.state"
NO_HLS_OF_ITS_OWN = """
    const plays = HTMLMediaElement.prototype.canPlayType;
    HTMLMediaElement.prototype.canPlayType = function (type) {
        return type.includes('mpegurl') ? '' : plays.call(this, type);
    };
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stream(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A host's own HLS stream at another origin: its address."""
    if not CODEC:
        pytest.skip("this FFmpeg encodes no H.264")
    folder: Path = tmp_path_factory.mktemp("stream")
    await asyncio.to_thread(hls_stream, folder)

    @web.middleware
    async def for_all(request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    app = web.Application(middlewares=[for_all])
    app.router.add_static("/", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/index.m3u8"
    await runner.cleanup()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, stream: str) -> Iterator[Server]:
    """A server with a relay beside it, where rooms may also play the stream."""
    running = Server(
        tmp_path_factory.mktemp("studio") / "data",
        LIVEROOM_MEDIA_RELAY="true",
        LIVEROOM_MEDIA_STREAM_ORIGINS=stream.removesuffix("/index.m3u8"),
    )
    running.start()
    yield running
    running.stop()


@asynccontextmanager
async def with_stream(studio: Server, room: str, stream: str) -> AsyncIterator[Shop]:
    """A live room that plays the stream."""
    async with open_shop(studio, room) as shop:
        await shop.host.request("room.change", stream_url=stream)
        yield shop


async def is_(page: Page, state: str) -> None:
    await until(page, f"state => {STATE} === state", state)


async def moves(page: Page) -> None:
    """Wait until more frames were shown than now."""
    seen = await page.evaluate("frames_seen()")
    await until(page, "seen => frames_seen() > seen + 3", seen)


async def camera_on(console: Page) -> None:
    await console.locator("[data-do=picture]").click()
    await console.locator("[data-do=camera]").click()
    await until(console, "document.querySelector('.picture-own').videoWidth > 0")


@pytest.mark.long("encodes and decodes pictures")
async def test_a_host_goes_live_is_cut_off_comes_back_and_ends(
    studio: Server,
    room: str,
    open_page: OpenPage,
    images: Path,
    record_property: Callable[[str, object], None],
) -> None:
    async with open_shop(studio, room, SOFA, live=False) as shop:
        await shop.host.pin("sofa")
        viewer = await joined(await open_page(shop.watch, script=FRAMES, locale="en-GB", **DEVICES))
        console = await open_page(
            shop.console, HOST, Role.HOST, HOST_NAME,
            viewport=DESKTOP, locale="en-GB", **DEVICES,
        )  # fmt: skip
        await joined(console)
        await camera_on(console)
        words = console.locator(".picture-words")
        await expect(words).to_have_text("The camera is on; nothing is sent yet")

        begun = time.monotonic()
        await console.locator("[data-do=send-picture]").click()
        await until(viewer, "frames_seen() > 0")
        record_property(
            "measured", f"a viewer sees a host who goes live after {time.monotonic() - begun:.1f} s"
        )
        await is_(viewer, "playing")
        await moves(viewer)
        await expect(words).to_have_text("The picture is being sent")

        await console.locator("[data-do=see-picture]").click()
        await expect(console.locator(".going-live > .digits")).to_contain_text("s behind you")
        await viewer.screenshot(path=images / "watch-picture-phone.png")
        await console.screenshot(path=images / "host-going-live.png")

        await _is_muted_until_asked(viewer)

        await console.close()  # a browser that dies says nothing more
        await until(viewer, f"['stalled', 'retrying'].includes({STATE})")
        await expect(viewer.locator(".player-words")).to_contain_text("The picture is")
        again = await open_page(
            shop.console, HOST, Role.HOST, HOST_NAME,
            viewport=DESKTOP, locale="en-GB", **DEVICES,
        )  # fmt: skip
        await joined(again)
        await camera_on(again)
        await again.locator("[data-do=send-picture]").click()
        await is_(viewer, "playing")
        await moves(viewer)

        await shop.host.live_end()
        await is_(viewer, "none")  # nobody recorded it
        await expect(again.locator(".picture-box")).to_be_hidden()
        await until(again, "document.querySelector('.picture-own').srcObject === null")


async def _is_muted_until_asked(viewer: Page) -> None:
    button = viewer.locator(".player-sound")
    assert await viewer.evaluate("document.querySelector('.player-video').muted")
    await button.click()
    await expect(button).to_have_attribute("aria-label", "Mute")
    assert not await viewer.evaluate("document.querySelector('.player-video').muted")


@pytest.mark.long("plays a stream")
async def test_a_lying_picture_is_seen_whole_on_a_phone_upright_and_on_its_side(
    studio: Server, stream: str, room: str, open_page: OpenPage
) -> None:
    async with with_stream(studio, room, stream) as shop:
        page = await open_page(shop.watch, script=FRAMES + NO_HLS_OF_ITS_OWN, viewport=PHONE)
        await until(await joined(page), "frames_seen() > 0")
        for width, height in ((390, 844), (844, 390)):
            await page.set_viewport_size({"width": width, "height": height})
            await until(page, "document.querySelector('.player').dataset.fit === 'whole'")
            fit = "getComputedStyle(document.querySelector('.player-video')).objectFit"
            assert await page.evaluate(fit) == "contain"
            box = await page.locator(".player-video").bounding_box()
            assert box is not None
            assert (box["width"], box["height"]) == (width, height)


@in_both
@pytest.mark.long("plays a stream")
async def test_hls_is_played_by_hls_js_where_the_browser_has_none_and_does_not_loop(
    studio: Server, stream: str, room: str, open_page: OpenPage, browser: Browser
) -> None:
    if "vendor/hls.js" not in ASSETS.files:
        pytest.skip("hls.js is not here: run npm ci")
    if browser.browser_type.name == "firefox":  # which takes H.264 from the system's FFmpeg
        stream = stream.replace("index", "open")
    async with with_stream(studio, room, stream) as shop:
        page = await open_page(
            shop.watch, script=FRAMES + NO_HLS_OF_ITS_OWN, locale="en-GB", viewport=DESKTOP
        )
        await until(await joined(page), "frames_seen() > 0")
        await moves(page)
        loaded = (
            "performance.getEntriesByType('resource').some(({name}) => name.endsWith('hls.js'))"
        )
        assert await page.evaluate(loaded)
        assert not await page.evaluate("document.querySelector('.player-video').loop")
        await is_(page, "ended")
        await expect(page.locator(".player-words")).to_have_text("The picture has ended")
        tries = f"performance.getEntriesByName('{stream}').length"
        asked = await page.evaluate(tries)
        await until(page, f"{tries} > {asked} + 1")  # whether it is live again
        assert await page.evaluate(STATE) == "ended"


async def test_without_hls_js_the_page_says_what_is_missing_and_goes_on(
    studio: Server, stream: str, room: str, open_page: OpenPage
) -> None:
    async def gone(route: Route) -> None:
        await route.fulfill(status=404)

    async with with_stream(studio, room, stream) as shop:
        page = await open_page("about:blank#", script=NO_HLS_OF_ITS_OWN, locale="en-GB")
        await page.route("**/vendor/hls.js", gone)
        await page.goto(shop.watch)
        await expect(page.locator(".player-words")).to_contain_text("make setup")
        await expect(page.locator(".player-again")).to_be_visible()
        assert await _faults(page) == []
        await shop.host.comment("still here")
        await expect(page.locator(".comments")).to_contain_text("still here")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("NotAllowedError", "allow them beside its address"),
        ("NotFoundError", "No camera or no microphone was found"),
        ("NotReadableError", "Another program uses the camera"),
    ],
)
async def test_a_camera_that_can_not_be_used_is_told_in_words(
    studio: Server, room: str, open_page: OpenPage, error: str, said: str
) -> None:
    script = f"""navigator.mediaDevices.getUserMedia = async () => {{
        throw new DOMException('', '{error}');
    }};"""
    async with open_shop(studio, room) as shop:
        console = await open_page(
            shop.console, HOST, Role.HOST, HOST_NAME, script, DESKTOP, locale="en-GB"
        )
        await joined(console)
        await console.locator("[data-do=picture]").click()
        await console.locator("[data-do=camera]").click()
        await expect(console.locator(".picture-words")).to_contain_text(said)
        await expect(console.locator("[data-do=camera]")).to_be_visible()


async def test_a_key_for_obs_is_made_shown_and_made_anew(
    studio: Server, room: str, open_page: OpenPage
) -> None:
    async with open_shop(studio, room) as shop:
        console = await open_page(
            shop.console, HOST, Role.HOST, HOST_NAME, viewport=DESKTOP, locale="en-GB"
        )
        await joined(console)
        await console.locator("[data-do=picture]").click()
        await console.locator(".picture-obs summary").click()
        await console.locator("[data-do=renew-key]").click()
        shown = console.locator(".picture-copy code")
        await expect(shown).to_have_count(2)
        assert await _faults(console) == []
        await console.set_viewport_size(PHONE)
        await console.locator("[data-tab=numbers]").last.click()
        assert await _faults(console) == []
        address, first = await shown.all_inner_texts()
        assert address.endswith(f"/live/{room}/whip")
        assert "{host}" not in address

        await console.locator("[data-do=renew-key]").click()
        await console.get_by_role("dialog").get_by_role("button", name="Make another key").click()
        await until(
            console,
            "first => ![...document.querySelectorAll('.picture-copy code')]"
            ".some(({textContent}) => textContent === first)",
            first,
        )


@pytest.mark.long("starts a server of its own and plays a recording")
async def test_the_replay_plays_the_recording_from_the_minute_that_it_shows(
    tmp_path: Path, room: str, open_page: OpenPage
) -> None:
    if not CODEC:
        pytest.skip("this FFmpeg encodes no H.264")
    await asyncio.to_thread(recording, tmp_path / "recording.mp4")
    asked: list[dict[str, str]] = []

    async def get(request: web.Request) -> web.FileResponse:
        asked.append(dict(request.query))
        return web.FileResponse(tmp_path / "recording.mp4")

    app = web.Application()
    app.router.add_get("/get", get)
    async with TestServer(app) as playback:
        own = Server(
            tmp_path / "data",
            LIVEROOM_MEDIA_WHIP_URL="https://media.example/{path}/whip",
            LIVEROOM_MEDIA_PLAYBACK_URL=str(playback.make_url("/")),
            LIVEROOM_MEDIA_SECRET=SECRET,
        )
        await asyncio.to_thread(own.start)
        try:
            async with open_shop(own, room, SOFA) as shop:
                await _let_in(shop)
                await shop.host.pin("sofa")
                await shop.host.live_end()
                page = await open_page(shop.watch, script=FRAMES, locale="en-GB")
                await until(await joined(page), "frames_seen() > 0")
                started, shown = await page.evaluate(
                    "[liveroom.state.room.started, liveroom.state.room.ended]"
                )
                await expect(page.locator(".replay-mark")).to_have_count(1)
                last = asked[-1]
                assert (last["path"], last["format"]) == (f"live/{room}", "mp4")
                assert last["token"].startswith("get.")
                at = datetime.fromisoformat(last["start"]).timestamp() * 1000
                assert started <= at <= shown
                assert float(last["duration"]) == pytest.approx(
                    max(1.0, (shown - at) / 1000), abs=0.01
                )
        finally:
            await asyncio.to_thread(own.stop)


async def _let_in(shop: Shop) -> None:
    """Do as the media server does when the host begins to send."""
    async with ClientSession(shop.server.url) as http:
        as_host = {"Authorization": f"Bearer {token(HOST, Role.HOST)}"}
        async with http.post(f"/v1/rooms/{shop.room}/picture/publish", headers=as_host) as response:
            ticket = (await response.json())["token"]
        question = {"action": "publish", "path": f"live/{shop.room}", "token": ticket}
        media = {"Authorization": encode_basic_auth("mediamtx", SECRET)}
        async with http.post("/v1/media/auth", json=question, headers=media) as response:
            assert response.status == 200
