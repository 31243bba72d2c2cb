from collections.abc import AsyncIterator

import pytest

from server.features.figures.figure_book import FigureBook
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.figures.real_evening import Evening
from tests.rooms.rig import Rig, rig


@pytest.fixture
def evening_settings(make_settings: MakeSettings) -> Settings:
    """Nothing waits, and nothing is used again that was read before."""
    return make_settings(
        bus={"publish_interval_ms": 1, "watchdog_timeout_s": 600},
        orders={"fair_window_ms": 0},
        asks={"batch_interval_ms": 1},
        figures={"fresh_s": 0, "compare_s": 0},
    )


@pytest.fixture
async def here(evening_settings: Settings) -> AsyncIterator[Rig]:
    """A worker without rooms."""
    async with rig(evening_settings, "w1") as made:
        yield made


@pytest.fixture
async def evening(here: Rig, evening_settings: Settings) -> Evening:
    """An evening before which there was one."""
    made = Evening(here, evening_settings)
    await made.earlier_evening()
    await made.before_the_start()
    return made


@pytest.fixture
async def book(here: Rig, evening_settings: Settings) -> AsyncIterator[FigureBook]:
    """A worker's figures."""
    made = FigureBook(here.store, evening_settings)
    yield made
    await made.aclose()
