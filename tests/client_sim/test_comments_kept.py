"""A client keeps at least as many comments as the snapshot brought, in both clients."""

import aiohttp
import pytest

from client_sim.client import RoomClient
from server.protocol.roles import Role
from server.settings import Settings
from tests.client_sim.conftest import HOST, QUICK, ROOM, Enter, token
from tests.client_sim.streaming import open_page
from tests.conftest import MakeSettings
from tests.running import Worker

GROUP = f"fans:{HOST}"
SAID = 120
SHOWN = 80
"""The operator's choice for streams; that for fan groups is the default, 200."""


@pytest.fixture
def server_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        edge={"commands_per_s": 1000, "commands_burst": 1000},
        rooms={"comments_burst": 1000, "recent_comments_max": SHOWN},
    )


@pytest.mark.parametrize(("room", "kept"), [(ROOM, SHOWN), (GROUP, SAID + 1)])
async def test_the_comments_that_a_snapshot_brought_stay_when_another_comes(
    worker: Worker, host: RoomClient, enter: Enter, room: str, kept: int
) -> None:
    mine = {"Authorization": f"Bearer {token(HOST, Role.HOST)}"}
    async with aiohttp.ClientSession(worker.url, headers=mine, raise_for_status=True) as http:
        await http.put(f"/v1/hosts/{HOST}/group", json={"title": "Tea people"})
    await (await enter("ann")).group_join()
    async with (
        RoomClient(worker.url, room, token(HOST, Role.HOST), options=QUICK) as speaker,
    ):
        for number in range(SAID):
            await speaker.comment(f"第 {number} 条")
        async with (
            RoomClient(worker.url, room, token("ann"), options=QUICK) as ann,
            open_page(worker.url, room, token("ann")) as page,
        ):
            await page.read("joined")
            assert len(ann.state.view["comments"]) == min(kept, SAID)
            await speaker.comment("还有")
            async for event in ann.events():
                if event["t"] == "comment" and event["text"] == "还有":
                    break
            page.do("await", "还有")

            assert len(ann.state.view["comments"]) == kept
            assert await page.read("comments") == kept
