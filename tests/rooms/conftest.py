from collections.abc import AsyncIterator

import pytest

from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import Rig, rig


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Nothing waits for long."""
    return make_settings(
        hub={"tick_ms_min": 1, "sample_per_s_max": 0},
        bus={"publish_interval_ms": 1, "watchdog_timeout_s": 600},
        rooms={"comments_burst": 1000},
        asks={"batch_interval_ms": 1},
    )


@pytest.fixture
async def here(room_settings: Settings) -> AsyncIterator[Rig]:
    """A worker with the live room ROOM, at seq 1."""
    async with rig(room_settings, "w1") as made:
        await made.create()
        yield made


@pytest.fixture
async def there(here: Rig, room_settings: Settings) -> AsyncIterator[Rig]:
    """Another worker on the same Redis."""
    async with rig(room_settings, "w2") as made:
        yield made
