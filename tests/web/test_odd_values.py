"""Whatever stands in a field of a command, the server answers, and never by failing.

The commands are those of the house, so a new one is tested without a line here.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import msgspec
import pytest

from server.house import HOUSE
from server.protocol.joining import Join
from server.protocol.message import Command
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api
from tests.web.test_me import open_room
from tests.web.test_scopes import any_fields

pytestmark = [
    pytest.mark.blocking_allowed,  # a worker reads its scripts when it starts
    pytest.mark.long("sends thousands of commands"),
]

ODD: list[Any] = [
    None, True, -1, 0, 2**53, 2**64, 10**30, 1.5, float("nan"), float("inf"), "", "\x00", "a\x00b",
    "\ud800", "x" * 65, "x" * 3000, "\u202e\u200b", "..", "{a}", "%00", [], [None], [[[]]],
    ["x"] * 600, {}, {"a": 1}, {"op": "ping"},
]  # fmt: skip
"""What a client might put where something else belongs, and the edges of what belongs there."""


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    limits = {"commands_per_s": 10_000, "commands_burst": 10_000}
    unlimited = {"user_per_s": 0, "service_per_s": 0}
    return make_settings(orders={"fair_window_ms": 0}, rest=unlimited, edge=limits)


@pytest.fixture
async def api(web_settings: Settings) -> AsyncIterator[Api]:
    """A live room r1 of h1."""
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, web_settings, worker.url)
        await open_room(made, "r1")
        yield made


def odd_commands(kind: type[Command]) -> Iterator[dict[str, Any]]:
    """The command with each odd value in each of its fields, and in those of its objects."""
    plain: dict[str, Any] = {"op": str(kind.__struct_config__.tag), "ref": 1, **any_fields(kind)}
    names = [field.encode_name for field in msgspec.structs.fields(kind)]
    for value in ODD:
        for name in names:
            yield plain | {name: value}
            inner = plain.get(name)
            if isinstance(inner, list):
                yield plain | {name: [*inner[1:], value]}
            objects = inner if isinstance(inner, list) else [inner]
            for each in objects:
                if not isinstance(each, dict):
                    continue
                for key in each:
                    odd = each | {key: value}
                    yield plain | {name: [odd] if isinstance(inner, list) else odd}


def in_bytes(command: dict[str, Any]) -> bytes:
    """The command as JSON; what can't be in JSON or UTF-8 comes as it would from such a client."""
    return json.dumps(command, ensure_ascii=False).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(("user", "role"), [("h1", Role.HOST), ("ann", Role.VIEWER)])
async def test_no_value_in_any_field_of_any_command_makes_the_server_fail(
    api: Api, user: str, role: Role
) -> None:
    headers = {
        "Authorization": f"Bearer {api.token(user, role)}", "Content-Type": "application/json",
    }  # fmt: skip
    kinds = [kind for kind in HOUSE.commands if kind is not Join]
    kinds.sort(key=lambda kind: str(kind.__struct_config__.tag).startswith("live."))  # may end it
    sent = 0
    for kind in kinds:
        for command in odd_commands(kind):
            path, body = f"{api.url}/v1/rooms/r1/commands", in_bytes(command)
            async with api.session.post(path, data=body, headers=headers) as answer:
                said = json.loads(await answer.read())
                assert answer.status < 500, (command, said)
                assert said["t"] in ("ok", "err"), (command, said)
            sent += 1
    assert sent > 3000
