"""The client packages stand alone: each is used by a program that has nothing else of ours."""

import asyncio
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import aiohttp
import pytest

import client_sim.client
import server
from client_sim.client import RoomClient
from client_sim.client.commands import Commands
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.packaging.build_clients import PAGES, ROOT, build_npm_package, build_wheel
from tests.running import running
from tests.web.api import Api

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.blocking_allowed,
    pytest.mark.long("builds packages"),
]
TSC = ROOT / "node_modules" / ".bin" / "tsc"
DOC = (ROOT / "docs" / "python-client.md").read_text("utf-8")

ALONE = """
import sys

class Nothing:
    "Only what the package asks for may be imported."
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("aiohttp", "client_sim", "server", "loadtest", "tests"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nothing())
import asyncio
from liveroom_client import CommandRefused, RoomClient, Wire

async def buy(url, token, sale):
    for wire in (Wire.JSON, Wire.MSGPACK):
        async with RoomClient(url, "r1", token, wire=wire) as room:
            order = await room.buy(sale)
            print((await room.pay(order["order"]))["status"])
            try:
                await room.buy("none")
            except CommandRefused as refused:
                print(refused.code)
    try:
        async with RoomClient(url, "r1", token, wire=Wire.STREAM):
            pass
    except RuntimeError as why:
        print(why)

asyncio.run(buy(*sys.argv[1:]))
"""

PAGE = """
import { Room } from "liveroom";
import type { Order } from "liveroom";

const room = new Room({ base: "https://live.example", room: "demo", token: () => "t" });
room.on("comment", ({ name, text }) => console.log(name.length, text.length));
await room.join();
const seen = room.state.room;
const sale = seen?.sales[0]?.sale;
if (sale) {
  const order: Order = await room.buy(sale, 1);
  await room.pay(order.order);
}
// @ts-expect-error: a quantity is a number
await room.buy("s", "1");
"""


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


async def test_the_python_client_buys_with_nothing_but_its_own_packages(
    web_settings: Settings, tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "site")
        described = packed.read(
            next(name for name in packed.namelist() if name.endswith("METADATA"))
        ).decode()
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, web_settings, worker.url)
        await api.send("POST", "/v1/rooms", {"room": "r1", "title": "x"})
        mug = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
        await api.send("PUT", "/v1/rooms/r1/shelf/mug", mug)
        await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
        sale = {"sku": "mug", "price": 100, "stock": 5, "per_user": 5, "hold_s": 60}
        opened = (await api.send("POST", "/v1/rooms/r1/sales", sale))[1]["sale"]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ALONE, worker.url, api.token("ann", Role.VIEWER), opened,
            env=os.environ | {"PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"},
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        said, problems = (each.decode() for each in await child.communicate())

    assert child.returncode == 0, problems
    *bought, by_http = said.splitlines()
    assert bought == ["paid", "not_found"] * 2
    assert "pip install 'liveroom-client[http]'" in by_http
    needed = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", described, re.MULTILINE)
    assert sorted(needed) == ["msgpack", "websockets"]


@pytest.mark.skipif(not TSC.exists(), reason="TypeScript is not installed: npm ci")
def test_a_page_of_another_site_is_checked_against_the_npm_package(tmp_path: Path) -> None:
    archive = build_npm_package(tmp_path / "out")
    site = tmp_path / "site"
    site.mkdir()
    (site / "package.json").write_text('{"private": true, "type": "module"}')
    install = ["npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", str(archive)]
    subprocess.run(install, cwd=site, check=True)
    (site / "page.ts").write_text(PAGE)
    options = ("--strict", "--noEmit", "--target", "ES2022", "--module", "ES2022")
    lib = ("--lib", "ES2023,DOM,DOM.Iterable", "--moduleResolution", "bundler")
    checked = subprocess.run(
        [TSC, *options, *lib, "page.ts"], cwd=site, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stdout
    installed = {path.name for path in (site / "node_modules" / "liveroom").iterdir()}
    ours = {path.name for path in (*PAGES.glob("liveroom*.js"), *PAGES.glob("liveroom*.d.ts"))}
    assert installed == ours | {"package.json", "README.md", "LICENSE"}


def test_all_have_one_version() -> None:
    manifest = json.loads((ROOT / "server" / "web" / "npm" / "package.json").read_text())

    assert manifest["version"] == client_sim.client.__version__ == server.__version__


def test_the_docs_name_every_method() -> None:
    methods = {
        name
        for name, method in inspect.getmembers(RoomClient)
        if not name.startswith("_") and (inspect.isfunction(method) or isinstance(method, property))
    }

    assert {name for name in methods if f"`{name}" not in DOC} == set()


def test_the_docs_name_no_other_method() -> None:
    named = set(re.findall(r"^\| `(\w+)\(", DOC, re.MULTILINE))

    assert named - {name for name, _ in inspect.getmembers(RoomClient)} == set()


def test_the_docs_and_the_class_name_all_commands_that_are_repeated_and_no_others() -> None:
    repeated = {
        name
        for name, method in inspect.getmembers(Commands, inspect.isfunction)
        if "self.request_again(" in inspect.getsource(method)
    }
    assert Commands.__doc__ is not None
    rows = re.findall(
        r"^\| (?:to buy once|other answers to be sure) \| (.*) \|$", DOC, re.MULTILINE
    )
    in_the_docs = set(re.findall(r"`(\w+)`", " ".join(rows)))

    assert set(re.findall(r"`(\w+)`", Commands.__doc__)) == repeated
    assert in_the_docs - {"unavailable", "retry_s_max"} == repeated


def test_npm_is_here_where_it_must_be() -> None:
    if os.environ.get("CI") == "true":
        assert shutil.which("npm") is not None
        assert TSC.exists()
