"""Clients that others' generators make of the OpenAPI document sell and buy with it."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import textwrap
import venv
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.packaging.build_clients import ROOT
from tests.running import running
from tests.web.api import Api

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.blocking_allowed,
    pytest.mark.torture("fetches a generator, and makes thousands of lines with it"),
]
GENERATOR = "openapi-python-client==0.29.1"
MODULES = ROOT / "node_modules"
PROTOCOL = ROOT / "docs" / "protocol.md"
TOLD_CONFIG = re.compile(r"^    content_type_overrides:\n(?:      .+\n)+", re.MULTILINE)
"""What docs/protocol.md says must stand in the generator's configuration."""

PYTHON_SALE = """
import sys
from shop import AuthenticatedClient
from shop.api.sales import post_rooms_room_sales
from shop.api.server import get_rooms_room, post_rooms, post_rooms_room_commands
from shop.api.shelf import put_rooms_room_shelf_sku
from shop.api.phases import post_rooms_room_live
from shop.models import (
    Buy, Pay, PhaseBody, PhaseBodyPhase, Problem, ProductInput, RoomCreate, SaleOpenBody,
)

url, host_token, buyer_token = sys.argv[1:]
host = AuthenticatedClient(base_url=url, token=host_token)
buyer = AuthenticatedClient(base_url=url, token=buyer_token)
made = post_rooms.sync(client=host, body=RoomCreate(room="py", title="Evening"))
assert made.room == "py", made
mug = ProductInput(sku="mug", title="Mug", price=100, currency="CNY")
assert put_rooms_room_shelf_sku.sync("py", "mug", client=host, body=mug).price == 100
now = post_rooms_room_live.sync("py", client=host, body=PhaseBody(phase=PhaseBodyPhase.LIVE))
assert now.phase == "live"
terms = SaleOpenBody(sku="mug", price=90, stock=3, per_user=2, hold_s=60)
sale = post_rooms_room_sales.sync("py", client=host, body=terms, idempotency_key="k1")
assert post_rooms_room_sales.sync("py", client=host, body=terms, idempotency_key="k1") == sale
refused = get_rooms_room.sync("nowhere", client=buyer)
assert isinstance(refused, Problem) and refused.code == "not_found", refused
for op in ({"op": "buy", "key": "b1", "sale": sale.sale, "qty": 1}, {"op": "pay"}):
    if op["op"] == "pay":
        op["order"] = order
    kind = Buy if op["op"] == "buy" else Pay
    done = post_rooms_room_commands.sync("py", client=buyer, body=kind.from_dict({"ref": 1} | op))
    order = done.additional_properties["order"]["order"]
print(done.additional_properties["order"]["status"])
"""

TYPESCRIPT_SALE = """
import createClient from "openapi-fetch";
import type { paths } from "./schema.d.ts";

const [url, hostToken, buyerToken] = process.argv.slice(2) as [string, string, string];
const as = (token: string) =>
  createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const host = as(hostToken), buyer = as(buyerToken);
const path = { room: "ts" };

const made = await host.POST("/v1/rooms", { body: { room: "ts", title: "Evening" } });
if (made.data?.room !== "ts") throw new Error(made.error?.detail);
const mug = { sku: "mug", title: "Mug", price: 100, currency: "CNY" };
const put = { params: { path: { ...path, sku: "mug" } } };
await host.PUT("/v1/rooms/{room}/shelf/{sku}", { ...put, body: mug });
await host.POST("/v1/rooms/{room}/live", { params: { path }, body: { phase: "live" } });
const opened = await host.POST("/v1/rooms/{room}/sales", {
  params: { path }, body: { sku: "mug", price: 90, stock: 3, per_user: 2, hold_s: 60 },
});
const sale = opened.data;
if (!sale) throw new Error(opened.error?.detail);
const nowhere = await buyer.GET("/v1/rooms/{room}", { params: { path: { room: "nowhere" } } });
if (nowhere.error?.code !== "not_found") throw new Error("found");
const bought = await buyer.POST("/v1/rooms/{room}/commands", {
  params: { path }, body: { op: "buy", ref: 1, key: "b1", sale: sale.sale, qty: 1 },
});
const order = (bought.data as unknown as { order: { order: string } }).order.order;
const paid = await buyer.POST("/v1/rooms/{room}/commands", {
  params: { path }, body: { op: "pay", ref: 2, order },
});
console.log((paid.data as unknown as { order: { status: string } }).order.status);
const dear = { ...mug, price: "1" };
// @ts-expect-error: a price is a number
const wrong = () => host.PUT("/v1/rooms/{room}/shelf/{sku}", { ...put, body: dear });
"""


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings()


@pytest.fixture
async def api(web_settings: Settings) -> AsyncIterator[Api]:
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, web_settings, worker.url)


async def described(api: Api, folder: Path) -> Path:
    """Write the OpenAPI document of a server into a file."""
    file = folder / "openapi.json"
    file.write_text(json.dumps((await api.send("GET", "/v1/openapi.json"))[1]))
    return file


async def done(folder: Path, *command: str | Path, **env: str) -> str:
    """Run a program while the server goes on; what it printed."""
    child = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=folder, env=os.environ | env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    said = (await child.communicate())[0].decode()
    assert child.returncode == 0, said
    return said


async def test_a_generated_python_client_runs_a_sale(api: Api, tmp_path: Path) -> None:
    await asyncio.to_thread(venv.create, tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    await done(tmp_path, python, "-m", "pip", "install", "-q", GENERATOR)
    (told,) = map(textwrap.dedent, TOLD_CONFIG.findall(PROTOCOL.read_text("utf-8")))
    (tmp_path / "config.yaml").write_text("package_name_override: shop\npost_hooks: []\n" + told)
    generator = tmp_path / "venv" / "bin" / "openapi-python-client"
    file = await described(api, tmp_path)
    said = await done(
        tmp_path, generator, "generate", "--path", file, "--output-path", tmp_path / "made",
        "--config", tmp_path / "config.yaml",
    )  # fmt: skip
    assert "WARNING" not in said, said  # it would leave out what it can't read
    (tmp_path / "sale.py").write_text(PYTHON_SALE)
    tokens = api.token("h1", Role.HOST), api.token("ann", Role.VIEWER)
    sold = await done(
        tmp_path, python, "sale.py", api.url, *tokens, PYTHONPATH=str(tmp_path / "made")
    )

    assert sold.splitlines()[-1] == "paid"


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
async def test_a_generated_typescript_client_runs_a_sale(api: Api, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(MODULES)
    (tmp_path / "package.json").write_text('{"private": true, "type": "module"}')
    file = await described(api, tmp_path)
    schema = tmp_path / "schema.d.ts"
    # Without this flag a field with a default is one that must be sent.
    generator = MODULES / ".bin" / "openapi-typescript"
    await done(tmp_path, generator, file, "-o", schema, "--default-non-nullable=false")
    (tmp_path / "sale.ts").write_text(TYPESCRIPT_SALE)
    (tmp_path / "node.d.ts").write_text("declare const process: { argv: string[] };\n")
    options = ("--strict", "--target", "ES2022", "--module", "NodeNext", "--skipLibCheck")
    lib = ("--lib", "ES2023,DOM,DOM.Iterable", "--allowImportingTsExtensions")
    rewrite = ("--rewriteRelativeImportExtensions",)
    tsc = MODULES / ".bin" / "tsc"
    await done(tmp_path, tsc, *options, *lib, *rewrite, "sale.ts", "node.d.ts")
    tokens = api.token("h1", Role.HOST), api.token("ann", Role.VIEWER)
    sold = await done(tmp_path, "node", "sale.js", api.url, *tokens)

    assert sold.splitlines()[-1] == "paid"


def test_npm_is_here_where_it_must_be() -> None:
    if os.environ.get("CI") == "true":
        assert shutil.which("npm") is not None
        assert (MODULES / "openapi-fetch").exists()
