"""Pages and files as they are sent: headers, caching, nothing inline; words in two languages."""

import gzip
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.web.errors import errors_as_json
from server.web.pages import ASSETS, FOLDER, PAGES, add_pages

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[errors_as_json])
    add_pages(app)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/watch/demo", "/host/demo", "/ops", "/login"])
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


def test_pages_have_no_inline_script_style_or_handler() -> None:
    for page in PAGES.values():
        markup = (FOLDER / page).read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", markup), page
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", markup), page


def test_scripts_never_turn_text_into_markup() -> None:
    sinks = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(")
    for script in FOLDER.rglob("*.js"):
        assert not sinks.search(script.read_text("utf-8")), script


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


async def test_a_file_comes_packed_to_those_who_take_it(client: Client) -> None:
    plain = await client.get("/static/liveroom.js", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/static/liveroom.js", headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await packed.read()) == await plain.read()


@pytest.mark.parametrize(
    "path",
    ["/static/nothing.js", "/static/../pages.py", "/static/%2e%2e/session.py", "/static/home.html"],
)
async def test_only_the_pages_own_files_are_served(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


def test_the_pages_stay_small() -> None:
    sent = sum(len(asset.packed or asset.body) for asset in ASSETS.files.values())
    assert sent < 150_000


def test_every_word_is_there_in_both_languages_and_every_key_is_used() -> None:
    source = (FOLDER / "ui" / "strings.js").read_text("utf-8")
    entries = re.findall(
        r'^  "([\w.]+)": \[("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")\],', source, re.MULTILINE
    )
    hole = re.compile(r"\{\w+\}")
    keys = {key for key, _, _ in entries}
    store = "\n".join(
        path.read_text("utf-8") for path in FOLDER.rglob("*.js") if path.name != "strings.js"
    )
    named = set(re.findall(r"""["'`]((?:[a-z]+\.)+\w+)["'`]""", store))
    built = set(re.findall(r"`(\w+\.\w*)\$\{", store)) | {"err."}

    assert len(entries) == source.count('": [')
    for key, zh, en in entries:
        assert sorted(hole.findall(zh)) == sorted(hole.findall(en)), key
        assert key in named or f'"{key}"' in store or key.startswith(tuple(built)), key
    used = set(re.findall(r"""\bt\(["']([\w.]+)["']""", store))
    assert used <= keys
