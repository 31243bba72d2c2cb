"""Pages and files as they are sent: headers, caching, nothing inline but whole style sheets."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.web.assets import ASSETS, FOLDER
from server.web.errors import errors_as_json
from server.web.opened import Opened
from server.web.page_heads import PageHeads
from server.web.pages import PAGES, add_pages
from server.web.third_party import PACKAGES

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[errors_as_json])
    add_pages(app, Opened(), PageHeads({}))
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    ["/", "/watch/demo", "/h/demo", "/host/demo", "/ops", "/login", "/me", "/merchant", "/select"],
)
async def test_a_page_forbids_inline_script_and_framing(client: Client, path: str) -> None:
    response = await client.get(path)

    policy = response.headers["Content-Security-Policy"]
    assert response.status == 200
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-cache"


async def test_the_policy_names_the_hosts_sockets_only_if_the_host_is_a_name(
    client: Client,
) -> None:
    good = await client.get("/", headers={"Host": "live.example:8080"})
    bad = await client.get("/", headers={"Host": "evil'; script-src *"})

    assert "connect-src 'self' ws://live.example:8080 wss://" in good.headers[POLICY]
    assert "connect-src 'self';" in bad.headers[POLICY]
    assert "evil" not in bad.headers[POLICY]


POLICY = "Content-Security-Policy"


FILES = r"(?:\{file:css/[\w-]+\.css\})+"
"""Style sheets that stand in a page whole, which the policy names by their digest."""


def test_pages_have_no_inline_script_handler_or_style_but_whole_files() -> None:
    for page in PAGES.values():
        markup = (FOLDER / page).read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", markup), page
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", markup), page
        assert all(re.fullmatch(FILES, style) for style in re.findall(r"<style>(.*)<", markup))
        assert markup.count("<style") == markup.count("<style>")


def test_scripts_never_turn_text_into_markup() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(")
    for script in FOLDER.rglob("*.js"):
        assert not sinks.search(script.read_text("utf-8")), script


def test_what_must_be_seen_and_heard_at_any_time_goes_through_one_module() -> None:
    """An element outside of the open dialog takes no tap and says nothing."""
    own_ways = re.compile(
        r"""showModal\(|showPopover|role: "status"|"aria-live": "(?:polite|assertive)"|\balert\("""
    )
    inside_a_sheet = {"watch/coupons.js"}  # the price in the product's sheet
    for script in FOLDER.rglob("*.js"):
        path = script.relative_to(FOLDER).as_posix()
        if path != "ui/front.js" and path not in inside_a_sheet:
            assert not own_ways.search(script.read_text("utf-8")), path


@pytest.mark.parametrize("page", PAGES.values())
def test_every_page_tells_of_its_connection(page: str) -> None:
    script = (FOLDER / page).with_suffix(".js").read_text("utf-8")
    assert len(re.findall(r"\btellOfConnection\((?:room)?\);", script)) == 1


def test_nothing_is_loaded_from_another_server() -> None:
    elsewhere = re.compile(r"(?:src|href|import|url)\W{1,3}(?:https?:)?//", re.IGNORECASE)
    for file in [*FOLDER.rglob("*.js"), *FOLDER.rglob("*.css"), *FOLDER.rglob("*.html")]:
        assert not elsewhere.search(file.read_text("utf-8")), file


async def test_files_named_by_their_digest_are_kept_for_ever(client: Client) -> None:
    page = await (await client.get("/", headers={"Accept-Encoding": "identity"})).text()
    (path,) = set(re.findall(r"/static/\w+/home\.js", page))

    response = await client.get(path)

    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.content_type == "text/javascript"


async def test_the_client_library_is_asked_for_anew_and_then_not_sent_again(
    client: Client,
) -> None:
    first = await client.get("/static/liveroom.js")
    again = await client.get(
        "/static/liveroom.js", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert first.headers["Cache-Control"] == "no-cache"
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert again.status == 304
    assert await again.read() == b""


@pytest.mark.parametrize(
    "path",
    ["/static/nothing.js", "/static/../pages.py", "/static/%2e%2e/session.py", "/static/home.html"],
)
async def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


def test_the_pages_stay_small() -> None:
    in_one_language = [
        asset
        for path, asset in ASSETS.files.items()
        if path != "ui/french.js" and path not in PACKAGES
    ]
    # All files of all pages; what a viewer fetches is bounded in tests/browser.
    assert sum(asset.sent_bytes for asset in in_one_language) < 366_000
