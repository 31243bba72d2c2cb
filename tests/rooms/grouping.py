"""The fan group of the tests' host, and attempts that are refused."""

from collections.abc import Awaitable

import pytest

from server.access.auth import Identity
from server.features.circles.hosts import Admits, Group
from server.features.groups.groups import GroupBody
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import HOST, Rig

GROUP = "fans:h1"
ANN = Identity("ann", "Ann", Role.VIEWER)


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        hub={"tick_ms_min": 1, "sample_per_s_max": 0},
        bus={"publish_interval_ms": 1},
        rooms={"comments_burst": 1000, "recent_comments_max": 2},
        groups={"recent_comments_max": 5, "members_max": 3},
    )


async def make(rig: Rig, admits: Admits = "all", title: str = "Tea people") -> Group:
    return await rig.groups.put(HOST, "h1", GroupBody(title, admits))


async def refused(attempt: Awaitable[object], code: str) -> str:
    with pytest.raises(CommandError) as caught:
        await attempt
    assert caught.value.code == code
    return caught.value.msg
