"""What is not for everybody is refused to every kind of stranger: each route, and each command.

The routes and commands are those of the house, so a new one is tested without a line here.
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.call import Handler
from server.rooms.dispatch import Dispatch
from server.settings import Settings
from server.web.route import Route
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api
from tests.web.test_known_input import kept
from tests.web.test_me import open_room
from tests.web.test_scopes import any_fields

pytestmark = [
    pytest.mark.blocking_allowed,  # a worker reads its scripts when it starts
    pytest.mark.long("asks every route as ten strangers"),
]

IDS = {"{room}": "r1", "{host}": "h1", "{merchant}": "h1"}
"""A room, its host, and the merchant of the same id."""
STRANGERS: dict[str, dict[str, Any]] = {
    "nobody": {"user": None},
    "a viewer": {"user": "ann", "role": Role.VIEWER},
    "another host": {"user": "h2", "role": Role.HOST},
    "another merchant": {"user": "m2", "role": Role.MERCHANT},
    "a moderator of another room": {"user": "mo", "role": Role.MODERATOR, "rooms": ["r2"]},
    "the host as a viewer": {"user": "h1", "role": Role.VIEWER},
    "the host as a moderator of another room": {
        "user": "h1", "role": Role.MODERATOR, "rooms": ["r2"],
    },
    "the host, for another room": {"user": "h1", "role": Role.HOST, "rooms": ["r2"]},
    "the merchant, for another room": {"user": "h1", "role": Role.MERCHANT, "rooms": ["r2"]},
    "an admin, for another room": {"user": "root", "role": Role.ADMIN, "rooms": ["r2"]},
}  # fmt: skip
SIFTED = ("the host, for another room", "an admin, for another room")
"""May ask for what is left of a host's once their token has sifted it: here nothing."""
FOR_ANY_HOST = {("POST", "/v1/rooms")}
"""Names nothing that could be somebody's."""


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    unlimited = {"user_per_s": 0, "address_per_s": 0, "service_per_s": 0}
    limits = {"commands_per_s": 10_000, "commands_burst": 10_000}
    return make_settings(orders={"fair_window_ms": 0}, rest=unlimited, edge=limits)


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[type[Command], Handler]:
    """The handlers of the worker that is started, by command."""
    found: dict[type[Command], Handler] = {}
    must_take = Dispatch.must_take

    def note(self: Dispatch, commands: Any) -> None:
        found.update(self.handlers)
        must_take(self, commands)

    monkeypatch.setattr(Dispatch, "must_take", note)
    return found


@pytest.fixture
async def api(
    web_settings: Settings, routes: list[Route], handlers: dict[type[Command], Handler]
) -> AsyncIterator[Api]:
    """A live room r1 of h1."""
    del routes, handlers  # noted while it starts
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, web_settings, worker.url)
        await open_room(made, "r1")
        yield made


def filled(path: str) -> str:
    for name, one in IDS.items():
        path = path.replace(name, one)
    return path.replace("{", "").replace("}", "")


async def test_no_route_that_is_somebodys_answers_a_stranger(
    api: Api, routes: list[Route], redis: Redis, prefix: str
) -> None:
    before, asked = await kept(redis, prefix), 0
    for route in routes:
        if route.least in (None, Role.VIEWER) or (route.method, route.path) in FOR_ANY_HOST:
            continue
        body: Any = None if route.method in ("GET", "DELETE") else {}
        for stranger, who in STRANGERS.items():
            status, said = await api.send(route.method, filled(route.path), body, **who)
            if route.sifts and stranger in SIFTED:
                assert status == 200, (route.path, stranger, said)
                assert not any(said.values() if isinstance(said, dict) else said), route.path
            else:
                right = 401 if who["user"] is None else 403
                assert status == right, (route.method, route.path, stranger, said)
            asked += 1
    assert asked > 1000
    assert await kept(redis, prefix) == before


async def test_no_command_that_is_the_staffs_runs_for_a_stranger(
    api: Api, handlers: dict[type[Command], Handler], redis: Redis, prefix: str
) -> None:
    before = await kept(redis, prefix)
    staffs = [kind for kind, each in handlers.items() if each.least.at_least(Role.MODERATOR)]
    assert len(staffs) > 40
    for kind in staffs:
        op = str(kind.__struct_config__.tag)
        for stranger, who in STRANGERS.items():
            body = {"op": op, "ref": 1} | any_fields(kind)
            status, said = await api.send("POST", "/v1/rooms/r1/commands", body, **who)
            assert status == 403, (op, stranger, said)
            assert said["code"] == "forbidden"
    assert await kept(redis, prefix) == before
