from collections.abc import AsyncIterator, Awaitable, Callable
from random import Random
from typing import Any

import pytest

from server.hub.audience import Audience
from server.hub.crowd import Crowd
from server.settings.sections import Hub
from server.telemetry.metrics import Metrics
from tests.hub import listening
from tests.hub.listening import Person

MakeAudience = Callable[..., Audience]
SitDown = Callable[..., Awaitable[Person]]


def new_audience(
    before_pass: Callable[[], bool] = lambda: False, crowd: Crowd | None = None, **limits: Any
) -> Audience:
    """An audience that tells at once (no tick) unless told, in slices of two."""
    hub = Hub.model_construct(
        **Hub().model_dump()
        | {"tick_ms_min": 0, "tick_ms_max": 0, "slice_viewers_max": 2, "sample_per_s_max": 0}
        | {"behind_s_max": 600}
        | limits
    )
    return Audience(hub, 200, Metrics(), before_pass, Random(1), crowd)


@pytest.fixture
async def make_audience() -> AsyncIterator[MakeAudience]:
    """Make audiences that are closed after the test."""
    made: list[Audience] = []

    def make(before_pass: Callable[[], bool] = lambda: False, **limits: Any) -> Audience:
        made.append(new_audience(before_pass, **limits))
        return made[-1]

    yield make
    for audience in made:
        audience.close()


@pytest.fixture
async def sit_down(make_audience: MakeAudience) -> AsyncIterator[SitDown]:
    """Let people in over sockets; they leave after the test."""
    people: list[Person] = []

    async def let_in(audience: Audience, user: str, **more: Any) -> Person:
        people.append(await listening.sit_down(audience, user, **more))
        return people[-1]

    yield let_in
    for person in people:
        await person.leave()
