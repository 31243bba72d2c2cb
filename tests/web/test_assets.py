"""Files as bytes: the form that each client takes, its ETag, and the modules that a page names."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import brotli
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.web.assets import ASSETS, FOLDER, Assets, with_modules
from server.web.codings import chosen_coding, packed_forms
from server.web.module_graph import BrokenImport, imports_of, modules_of
from server.web.opened import Opened
from server.web.page_heads import PageHeads
from server.web.pages import PAGES, Pages, add_pages

Client = TestClient[web.Request, web.Application]

LIBRARY = "/static/liveroom.js"
UNPACK = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application()
    add_pages(app, Opened(), PageHeads({}))
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0, br;q=0", "identity"),
        ("gzip;q=0.000, br;q=0.001", "br"),
        ("x-gzip", "gzip"),
        ("BR ; Q=1.0", "br"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("identity", "identity"),
        ("identity;q=0.5, *;q=0.1", "identity"),
        ("identity, br", "br"),
        ("identity;q=0", "identity"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("deflate", "identity"),
        ("brotli", "identity"),
        ("br;q=high, gzip;q=0.2", "gzip"),
        ("br;q=7, gzip;q=nan", "identity"),
        ("", "identity"),
        (None, "identity"),
        (",,;q=1,", "identity"),
    ],
)
def test_the_coding_is_the_one_that_the_client_likes_best(accept: str | None, coding: str) -> None:
    assert chosen_coding(accept, ("br", "gzip")) == coding


def test_what_packing_does_not_shrink_is_not_packed() -> None:
    assert packed_forms(b"short") == {}
    assert packed_forms(Random(1).randbytes(4000)) == {}
    assert set(packed_forms(b"the same again " * 100)) == {"br", "gzip"}


@pytest.mark.parametrize("path", [*(re.sub(r"\{\w+\}", "demo", path) for path in PAGES), LIBRARY])
async def test_every_form_of_a_file_holds_the_same_and_has_its_own_etag(
    client: Client, path: str
) -> None:
    bodies, etags, sizes = set(), set(), {}
    for coding, unpack in UNPACK.items():
        headers = {"Accept-Encoding": coding or "identity"}
        response = await client.get(path, headers=headers)
        sent = await response.read()
        assert response.headers.get("Content-Encoding") == coding
        assert response.headers["Vary"] == "Accept-Encoding"
        assert int(response.headers["Content-Length"]) == len(sent)
        bodies.add(unpack(sent))
        etags.add(response.headers["ETag"])
        sizes[coding] = len(sent)

        again = await client.get(
            path, headers=headers | {"If-None-Match": response.headers["ETag"]}
        )
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == response.headers["ETag"]
        assert again.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in again.headers

    assert len(bodies) == 1
    assert len(etags) == 3
    assert sizes["br"] < sizes["gzip"] < sizes[None]


async def test_the_etag_of_one_form_does_not_stand_for_another(client: Client) -> None:
    packed = await client.get(LIBRARY, headers={"Accept-Encoding": "br"})
    plain = await client.get(
        LIBRARY, headers={"Accept-Encoding": "identity", "If-None-Match": packed.headers["ETag"]}
    )

    assert plain.status == 200
    assert b"export class Room" in await plain.read()


async def test_a_star_matches_whatever_form_there_is(client: Client) -> None:
    assert (await client.get(LIBRARY, headers={"If-None-Match": "*"})).status == 304


async def test_a_head_request_tells_of_the_same_form(client: Client) -> None:
    headers = {"Accept-Encoding": "br"}
    got, told = (
        await client.get(LIBRARY, headers=headers),
        await client.head(LIBRARY, headers=headers),
    )

    for name in ("ETag", "Content-Encoding", "Content-Length", "Vary"):
        assert told.headers[name] == got.headers[name]


@pytest.mark.parametrize("file", PAGES.values())
def test_a_page_names_every_module_it_needs_once_before_its_script(file: str) -> None:
    page = ASSETS.pages[file].body.decode()
    named = re.findall(rf'<link rel="modulepreload" href="/static/{ASSETS.digest}/([^"]+)">', page)
    (entry,) = re.findall(rf'<script type="module" src="/static/{ASSETS.digest}/([^"]+)"', page)
    loaded = {entry, *named}

    assert len(named) == len(set(named))
    assert page.rindex("modulepreload") < page.index('type="module"')
    for path in loaded:
        source = (FOLDER / path).read_text("utf-8")
        # A second, coarser reading of the statements: all that names a file after `from`.
        coarse = re.findall(r'^(?:import|export|\}) .*?from "(\.[^"]+)";$', source, re.MULTILINE)
        assert {(FOLDER / path).parent.joinpath(address).resolve() for address in coarse} <= {
            (FOLDER / other).resolve() for other in loaded
        }, path


def test_imports_are_found_in_every_form_of_the_statement() -> None:
    source = """
// import { no } from "./comment.js";
import "./effect.js";
import one from "./one.js";
import * as all from '../all.js';
import two, { three as four, $five } from "./two.js";
import {
  six,
  seven,
} from "./many.js";
export * from "./re.js";
export { eight } from "./re2.js";
export { newKey };
export const text = 'import x from "./text.js"';
 * @import { Type } from "./type.js"
const later = await import("./later.js");
"""
    assert imports_of("ui/here.js", source) == [
        *("ui/effect.js", "ui/one.js", "all.js", "ui/two.js", "ui/many.js", "ui/re.js"),
        "ui/re2.js",
    ]


def test_modules_are_told_nearest_first_and_circles_end() -> None:
    sources = {
        "a.js": 'import "./b.js";\nimport "./c.js";',
        "b.js": 'import "./d.js";',
        "c.js": 'import "./a.js";',
        "d.js": 'import "./b.js";',
    }
    assert modules_of("a.js", sources) == ["b.js", "c.js", "d.js"]


def test_an_import_of_a_missing_file_stops_the_start_by_name() -> None:
    page = '<script type="module" src="{static}/a.js"></script>'
    with pytest.raises(BrokenImport, match=r"a\.js imports ui/gone\.js"):
        with_modules(page, {"a.js": 'import "./ui/gone.js";'})


def test_the_digest_names_the_content(tmp_path_factory: pytest.TempPathFactory) -> None:
    folders = [tmp_path_factory.mktemp("pages") for _ in range(2)]
    for n, folder in enumerate(folders):
        (folder / "a.js").write_text(f"export const n = {n};\n")
    assert Assets.read(folders[0]).digest != Assets.read(folders[1]).digest


@pytest.mark.blocking_allowed  # files are read before a worker serves
async def test_a_script_of_a_third_party_is_served_packed_and_a_missing_one_is_not_found(
    tmp_path: Path,
) -> None:
    theirs = tmp_path / "theirs.js"
    theirs.write_text("export default class Theirs {}\n" * 100)
    with_it = Assets.read(tmp_path, {"vendor/theirs.js": theirs})
    app = web.Application()
    app.router.add_get("/static/{path:.+}", Pages(with_it, Opened(), PageHeads({}))._file)
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        kept = f"/static/{with_it.digest}/vendor/theirs.js"
        for coding, unpack in UNPACK.items():
            headers = {"Accept-Encoding": coding or "identity"}
            response = await client.get(kept, headers=headers)
            assert response.headers.get("Content-Encoding") == coding
            assert unpack(await response.read()) == theirs.read_bytes()
            assert "immutable" in response.headers["Cache-Control"]
        assert (await client.get(f"/static/{with_it.digest}/vendor/none.js")).status == 404

    theirs.write_text("export default class Newer {}\n")
    assert Assets.read(tmp_path, {"vendor/theirs.js": theirs}).digest != with_it.digest
    assert Assets.read(tmp_path).digest != with_it.digest
