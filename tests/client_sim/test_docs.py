import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from client_sim.arguments import parser
from client_sim.checks import CHECKS
from client_sim.client import RoomClient
from tests.client_sim.conftest import ROOM, Enter, token
from tests.running import Worker

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "simulator.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(
    r"```python\n(.*?)```", (DOCS / "python-client.md").read_text("utf-8"), re.DOTALL
)[0]


@pytest.mark.parametrize("check", CHECKS)
def test_the_page_names_each_check(check: str) -> None:
    assert f"| `{check}` | {CHECKS[check]} |" in PAGE


def test_the_page_names_each_option() -> None:
    options = {name for action in parser()._actions for name in action.option_strings}

    assert {name for name in options - {"-h", "--help"} if f"`{name}`" not in PAGE} == set()


async def test_the_example_buys_and_pays(worker: Worker, host: RoomClient, enter: Enter) -> None:
    code = EXAMPLE.replace("liveroom_client", "client_sim.client")
    code = code.replace("http://127.0.0.1:8080", worker.url).replace('"demo"', f'"{ROOM}"')
    names: dict[str, Any] = {}
    exec(code.replace("asyncio.run(", "# "), names)
    sale = await host.sale_open("mug", 7900, 5, hold_s=60)

    evening = asyncio.ensure_future(names["evening"](token("ann")))
    async for event in host.events():
        if event["t"] == "comment":  # the example is in the room
            await host.sale_restock(sale["sale"], 1)
        if event["t"] == "sold":
            break
    evening.cancel()

    ann = await enter("ann")
    assert [order["status"] for order in await ann.orders()] == ["paid"]
