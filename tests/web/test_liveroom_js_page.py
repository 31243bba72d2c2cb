"""docs/liveroom-js.md: its programs run in Node as they stand; its tables name what there is."""

import asyncio
import re
import shutil
from pathlib import Path

import aiohttp
import pytest

from server.access.auth import mint
from server.house import HOUSE
from server.protocol.roles import Role
from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "liveroom-js.md").read_text("utf-8")
CUSTOM = (ROOT / "docs" / "custom-events.md").read_text("utf-8")
MODULE = ROOT / "server" / "web" / "pages" / "liveroom.js"
TYPES = MODULE.with_suffix(".d.ts").read_text("utf-8")
JOINING, CLAIMING = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
[LISTENING] = re.findall(r"```js\n(.*?)```", CUSTOM, re.DOTALL)
ITS_OWN = """
globalThis.sessionStorage ??= { getItem: () => null, setItem() {}, removeItem() {} };
const token = process.argv[1], told = {};
const draw = (room) => { told.title = room.title; }, show = () => {};
const drawScores = (values) => { told.scores = values; }, celebrate = (n) => { told.goal = n; };
"""
"""What the programs take from the page in which they stand."""
HEARING = """
const heard = new Promise((done) => room.on("custom_latest", done));
process.stderr.write("listening\\n");
await heard;
await room.ping();
console.log(card.product.sku, told.title, told.goal, told.scores[0].data);
console.log((await room.orders()).map((each) => `${each.status} ${each.total}`).join());
process.exit(0);
"""
BEFORE: tuple[dict[str, object], ...] = (
    {"op": "pin", "sku": "mug"},
    {"op": "sale.open", "sku": "mug", "price": 1000, "stock": 5, "per_user": 5, "hold_s": 60},
    {"op": "coupon.open", "title": "Less", "quota": 9, "amount": 200, "floor": 500,
     "currency": "CNY"},
)  # fmt: skip
TOLD = (
    {"name": "goal", "data": {"reached": 5000}, "delivery": "must"},
    {"name": "score", "data": 3, "delivery": "latest"},
)


def declared(name: str) -> str:
    """What stands in the braces of an interface or a class of the types."""
    return TYPES.partition(f" {name} {{\n")[2].partition("\n}")[0]


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def words(text: str) -> set[str]:
    """What stands in backticks, taken apart."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return {word for each in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\w+", each)}


async def test_the_programs_of_the_pages_watch_claim_buy_and_hear_the_shop(
    settings: Settings,
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await api.send("POST", "/v1/rooms", {"room": "demo", "title": "Tea"})
        mug = {"sku": "mug", "title": "Mug", "price": 1000, "currency": "CNY"}
        await api.send("PUT", "/v1/rooms/demo/shelf/mug", mug)
        await api.send("POST", "/v1/rooms/demo/live", {"phase": "live"})
        for command in BEFORE:
            body = {"ref": 1, **command}
            status, reply = await api.send("POST", "/v1/rooms/demo/commands", body)
            assert status == 200, reply
        program = JOINING.replace("https://live.example/static/liveroom.js", MODULE.as_uri())
        imported, _, joining = program.replace("https://live.example", worker.url).partition("\n")
        page = await asyncio.create_subprocess_exec(
            node, "--experimental-websocket", "--no-warnings", "--input-type=module",
            "--eval", "\n".join((imported, ITS_OWN, joining, LISTENING, CLAIMING, HEARING)),
            mint(settings, "ann", Role.VIEWER),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert page.stderr is not None
        said = await page.stderr.readline()
        assert said == b"listening\n", said + await page.stderr.read()
        for told in TOLD:
            assert (await api.send("POST", "/v1/rooms/demo/events", told))[0] in (200, 201)
        printed, wrong = await page.communicate()

    assert page.returncode == 0, wrong.decode()
    assert printed.decode().splitlines() == ["mug Tea 5000 3", "held 800,paid 1000"]


def test_the_page_names_every_event_with_its_class_and_no_other() -> None:
    table = re.findall(r"^\| (`[^|]*) \| (.*) \|$", section("What it tells"), re.MULTILINE)
    rows = {frozenset(words(names)): text for names, text in table}
    listeners = set(re.findall(r"^  (\w+)\(", declared("interface Listeners"), re.MULTILINE))
    events = set(re.findall(r"^  (\w+):", declared("interface Events"), re.MULTILINE))

    assert set().union(*rows) == listeners | events
    for kind in HOUSE.told:
        name = str(kind.__struct_config__.tag)
        if name in events - {"gap"}:
            [text] = [text for names, text in rows.items() if name in names]
            assert text.startswith(f"class `{kind.delivery.value}`"), name


def test_the_page_names_every_option_and_every_method() -> None:
    options = set(re.findall(r"^  (\w+)\??:", declared("interface RoomOptions"), re.MULTILINE))
    methods = set(re.findall(r"^  (\w+)[(<]", declared("class Room"), re.MULTILINE))
    rows = re.findall(r"^\| `(\w+)` \|", section("Options"), re.MULTILINE)

    assert set(rows) == options
    assert (
        methods - {"constructor"} - words(PAGE) - set(re.findall(r"room\.(\w+)\(", PAGE)) == set()
    )
